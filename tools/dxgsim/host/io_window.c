// SPDX-License-Identifier: MIT
/*
 * The memory behind "guest physical addresses" of the host: one sparse memfd. Its first part holds fence
 * pages and stays mapped here; the rest is storage of allocations, in holes of a first-fit list.
 * Page 0 of either part is never handed out, so that an address or offset of 0 means none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dxgsim/host/types.h"

static int make_memfd(int *out)
{
	int fd = memfd_create("dxgsim-io", MFD_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)(IO_FENCE_BYTES + IO_STORE_BYTES)))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static int reset_lists(struct host_model *model)
{
	if (!model->free_pages)
		model->free_pages = calloc(FENCE_PAGES, sizeof(*model->free_pages));
	if (!model->holes) {
		model->holes = calloc(16, sizeof(*model->holes));
		model->hole_size = model->holes ? 16 : 0;
	}
	free(model->page_fences);
	model->page_fences = calloc(FENCE_PAGES, sizeof(struct host_fence *));
	if (!model->free_pages || !model->holes || !model->page_fences)
		return -ENOMEM;
	/* the last page of the window is never used: the guest refuses a mapping that ends with it */
	model->free_page_count = 0;
	for (uint32_t page = (uint32_t)FENCE_PAGES - 1; page; page--)
		model->free_pages[model->free_page_count++] = page;
	model->holes[0] =
		(struct host_store_hole){IO_FENCE_BYTES, IO_FENCE_BYTES + IO_STORE_BYTES - HOST_PAGE_SIZE};
	model->hole_count = 1;
	return 0;
}

int io_window_create(struct host_model *model)
{
	void *memory;
	int rc;

	model->config.io_fd = -1;
	model->config.io_base = IO_BASE;
	model->config.io_size = IO_FENCE_BYTES + IO_STORE_BYTES;
	rc = reset_lists(model);
	if (!rc)
		rc = make_memfd(&model->config.io_fd);
	if (rc)
		return rc;
	memory = mmap(NULL, IO_FENCE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, model->config.io_fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	model->fence_memory = memory;
	return 0;
}

void io_window_destroy(struct host_model *model)
{
	if (model->fence_memory)
		munmap(model->fence_memory, IO_FENCE_BYTES);
	if (model->config.io_fd >= 0)
		close(model->config.io_fd);
	free(model->free_pages);
	free(model->page_fences);
	free(model->holes);
}

int io_window_forked(struct host_model *model)
{
	int fd, rc;

	rc = reset_lists(model);
	if (!rc)
		rc = make_memfd(&fd);
	if (rc)
		return rc;
	if (dup3(fd, model->config.io_fd, O_CLOEXEC) < 0)
		rc = -errno;
	close(fd);
	if (!rc && mmap(model->fence_memory, IO_FENCE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			model->config.io_fd, 0) == MAP_FAILED)
		rc = -errno;
	return rc;
}

int io_fence_page_get(struct host_model *model, uint32_t *page)
{
	if (!model->free_page_count)
		return -ENOMEM;
	*page = model->free_pages[--model->free_page_count];
	memset(model->fence_memory + (uint64_t)*page * HOST_PAGE_SIZE, 0, HOST_PAGE_SIZE);
	return 0;
}

void io_fence_page_put(struct host_model *model, uint32_t page)
{
	model->free_pages[model->free_page_count++] = page;
}

_Atomic uint64_t *io_fence_value(struct host_model *model, uint32_t page)
{
	return (_Atomic uint64_t *)(void *)(model->fence_memory + (uint64_t)page * HOST_PAGE_SIZE);
}

uint64_t io_fence_address(uint32_t page)
{
	return IO_BASE + (uint64_t)page * HOST_PAGE_SIZE;
}

int io_store_get(struct host_model *model, uint64_t size, uint64_t *offset)
{
	size = (size + BIG_PAGE - 1) & ~(BIG_PAGE - 1);
	for (uint32_t i = 0; i < model->hole_count; i++) {
		struct host_store_hole *hole = &model->holes[i];

		if (hole->end - hole->start < size)
			continue;
		*offset = hole->start;
		hole->start += size;
		return 0;
	}
	return -ENOMEM;
}

void io_store_clear(struct host_model *model, uint64_t offset, uint64_t size)
{
	if (fallocate(model->config.io_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		      (off_t)size))
		report_fatal("dxgsim: %llu bytes of memory cannot be cleared: %s", (unsigned long long)size,
			     strerror(errno));
}

void io_store_put(struct host_model *model, uint64_t offset, uint64_t size)
{
	struct host_store_hole *grown;
	uint32_t at = 0;

	size = (size + BIG_PAGE - 1) & ~(BIG_PAGE - 1);
	io_store_clear(model, offset, size);
	while (at < model->hole_count && model->holes[at].end < offset)
		at++;
	if (at < model->hole_count && model->holes[at].end == offset) {
		model->holes[at].end += size;
		if (at + 1 < model->hole_count && model->holes[at].end == model->holes[at + 1].start) {
			model->holes[at].end = model->holes[at + 1].end;
			memmove(&model->holes[at + 1], &model->holes[at + 2],
				(model->hole_count - at - 2) * sizeof(*model->holes));
			model->hole_count--;
		}
		return;
	}
	if (at < model->hole_count && model->holes[at].start == offset + size) {
		model->holes[at].start = offset;
		return;
	}
	if (model->hole_count == model->hole_size) {
		grown = reallocarray(model->holes, model->hole_size * 2, sizeof(*grown));
		if (!grown)
			return; /* the range stays unused: the store is sparse and far larger than needed */
		model->holes = grown;
		model->hole_size *= 2;
	}
	memmove(&model->holes[at + 1], &model->holes[at], (model->hole_count - at) * sizeof(*model->holes));
	model->holes[at] = (struct host_store_hole){offset, offset + size};
	model->hole_count++;
}
