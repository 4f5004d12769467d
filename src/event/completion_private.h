// SPDX-License-Identifier: MIT
/*
 * Inside src/event only: what the completion thread and those who tell it something share.
 *
 * One lock guards the lists.  It is never held while a callback runs or the host is asked; what is at work then is
 * `running` and stands in no list.
 */
#ifndef EVENT_COMPLETION_PRIVATE_H
#define EVENT_COMPLETION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "event/completion.h"
#include "event/loss.h"

/* In which list a source is. */
enum completion_place {
	PLACE_NONE,    /* not added, or running */
	PLACE_IDLE,    /* expects nothing */
	PLACE_READY,   /* its fence is to be read */
	PLACE_TO_ARM,  /* read, has not passed: the host has to be asked to tell */
	PLACE_WAITING, /* the host tells, or else the 50 ms timer */
	PLACE_LOOKED,  /* the host does not tell: it is looked at */
	PLACE_COUNT,
};

/* How the thread sleeps; what it would see by itself in time need not wake it. */
enum completion_sleep {
	SLEEP_NOT,     /* awake: it looks at everything once more before it sleeps */
	SLEEP_LOOKING, /* for 4 ms at most; longer looks are timed */
	SLEEP_TIMED,   /* for 50 ms at most */
	SLEEP_QUIET,   /* the same, while nothing runs that could wake those who sleep on events */
	SLEEP_FOREVER,
};

/* An eventfd that the host counts up; made by the thread. */
struct completion_armed {
	struct completion_armed *next; /* in `spare` or `dead` */
	struct completion_source *source;
	uint64_t value; /* that it is armed for */
	int fd;
	bool waiting; /* armed, and has not fired: there is no way to take that back */
};

/* What the thread has of a GPU. */
struct completion_gpu {
	struct completion *completion;
	struct gsp_gpu_listener listener;

	/* the thread's own: whether the host is there, while nothing moves */
	const struct gsp_device *device; /* that was looked at last, ... */
	uint64_t reached;		 /* ... and how far its queues were; */
	uint64_t ping_due;		 /* when the host is asked, UINT64_MAX: nothing is unfinished */
	struct gsp_power power;
};

struct completion {
	struct completion_options options;
	struct completion_gpu *gpus;
	struct losses losses;
	_Atomic int sleep;   /* enum completion_sleep */
	_Atomic bool woken;  /* somebody has written to `wake`, or is about to */
	_Atomic bool kicked; /* all looks are due */
	_Atomic bool busy;   /* there is something to be given back, or was submitted */
	_Atomic bool stop;
	_Atomic bool started;	 /* thread, epoll and wake exist */
	_Atomic unsigned listed; /* looks */
	_Atomic uint64_t turns;
	int epoll, wake;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t ran; /* nothing is running any more */
	struct completion_link places[PLACE_COUNT];
	struct completion_link looks, looks_now;
	struct completion_link dues; /* looks for later */
	struct completion_source *running_source;
	struct completion_look *running_look;
	struct completion_armed *spare, *dead;
	unsigned spares;
	bool start_failed; /* and that was logged */

	/* the thread's own */
	uint64_t next_check; /* of the devices; ns */
	uint64_t power_due;  /* when the power hints want a turn */
	uint64_t look_ns;
	bool progress;	 /* in this turn */
	bool mail_due;	 /* work has ended since mailboxes were looked at */
	bool unfinished; /* some device was not idle when last looked at */
	bool linger;	 /* one more turn after all is over */
	bool refused;	 /* the host refuses waits, and that was logged */
};

static inline void link_init(struct completion_link *head)
{
	head->next = head->previous = head;
}

static inline bool link_empty(const struct completion_link *head)
{
	return head->next == head;
}

static inline void link_add(struct completion_link *head, struct completion_link *link)
{
	link->next = head;
	link->previous = head->previous;
	head->previous->next = link;
	head->previous = link;
}

static inline void link_remove(struct completion_link *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
}

static inline struct completion_source *source_of(struct completion_link *link)
{
	return (struct completion_source *)((char *)link - offsetof(struct completion_source, link));
}

static inline struct completion_look *look_of(struct completion_link *link)
{
	return (struct completion_look *)((char *)link - offsetof(struct completion_look, link));
}

/* completion.c */
void source_place(struct completion *completion, struct completion_source *source,
		  enum completion_place place);
bool completion_lower(struct completion_source *source, uint64_t value);

/* completion_thread.c */
void *completion_run(void *completion);
enum gsp_fence_state source_state(const struct completion_source *source, uint64_t value);

/* completion_gpus.c */
int completion_watch_gpus(struct completion *completion);
void completion_unwatch_gpus(struct completion *completion);
void completion_check_gpus(struct completion *completion, uint64_t now);
void completion_power(struct completion *completion);
/* completion.c */
/* completion_wake.c */
void completion_wake_now(struct completion *completion);
void completion_wake(struct completion *completion, enum completion_sleep least);

/* completion_arm.c */
bool completion_arm(struct completion *completion, struct completion_source *source, uint64_t value);
bool completion_fired(struct completion_armed *armed);
void completion_disarm(struct completion *completion, struct completion_source *source);
void completion_bury(struct completion *completion);
void completion_drop_spares(struct completion *completion);

#endif
