// SPDX-License-Identifier: MIT
/* Values that fences of paging queues will get when their time has come; what is due next is first. */
#include <stdlib.h>

#include "dxgsim/host/types.h"

void paging_insert_completion(struct host_model *model, struct host_completion *completion)
{
	struct host_completion *before;

	TAILQ_FOREACH_REVERSE(before, &model->completions, host_completions, link)
	{
		if (before->due_ns <= completion->due_ns) {
			TAILQ_INSERT_AFTER(&model->completions, before, completion, link);
			return;
		}
	}
	TAILQ_INSERT_HEAD(&model->completions, completion, link);
	pthread_cond_signal(&model->work);
}

void paging_drop_completions(struct host_model *model, const struct host_paging_queue *queue)
{
	struct host_completion *completion, *next;

	for (completion = TAILQ_FIRST(&model->completions); completion; completion = next) {
		next = TAILQ_NEXT(completion, link);
		if (completion->queue != queue)
			continue;
		TAILQ_REMOVE(&model->completions, completion, link);
		free(completion);
	}
}
