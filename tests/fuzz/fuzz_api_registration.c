// SPDX-License-Identifier: MIT
/* Registering memory of the caller's: pages with all rights, some and none, and whatever addresses the input says. */
#include <sys/mman.h>

#include "fuzz_api.h"

#define PAGE		  4096u
#define PAGES		  16u
#define MAX_REGISTRATIONS 64u

static char *pages;
static void *registered[MAX_REGISTRATIONS]; /* of some the library may know no more */
static unsigned int count;

static void make_pages(void)
{
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(pages != MAP_FAILED);
	REQUIRE(!mprotect(pages + 5 * PAGE, 2 * PAGE, PROT_READ));
	REQUIRE(!mprotect(pages + 12 * PAGE, PAGE, PROT_NONE));
}

static HSAKMT_STATUS add(struct input *input, void *address, HSAuint64 size)
{
	HSAuint32 nodes[2] = {take_node(input), take_node(input)};

	switch (take(input) % 3) {
	case 0:
		return hsaKmtRegisterMemory(address, size);
	case 1:
		return hsaKmtRegisterMemoryToNodes(address, size, 1 + (size & 1), nodes);
	default:
		return hsaKmtRegisterMemoryWithFlags(address, size, take_flags(input));
	}
}

void call_registration(struct input *input)
{
	uint32_t what = take(input), where = take(input);
	HSAuint64 size = 1 + take_bytes(input, 2), alternate = 0;
	char *address;

	if (!pages)
		make_pages();
	address = pages + where % PAGES * PAGE + where / PAGES;
	if (where == 255) {
		address = take_address(input);
		size = take_size(input);
	}
	switch (what % 5) {
	case 0:
	case 1:
		if (add(input, address, size) == HSAKMT_STATUS_SUCCESS && count < MAX_REGISTRATIONS)
			registered[count++] = address;
		else
			hsaKmtDeregisterMemory(address);
		break;
	case 2:
		if (hsaKmtMapMemoryToGPU(address, 1 + size % PAGE, &alternate) != HSAKMT_STATUS_SUCCESS)
			REQUIRE(!alternate);
		break;
	case 3:
		hsaKmtUnmapMemoryToGPU(address);
		break;
	default:
		hsaKmtDeregisterMemory(address);
	}
}

/* Ends all registrations there may be; the library is open. */
void deregister_everything(void)
{
	while (count) {
		void *address = registered[--count];

		while (hsaKmtDeregisterMemory(address) == HSAKMT_STATUS_SUCCESS)
			;
	}
}

/* A new input; the library is closed and knows nothing. */
void forget_registrations(void)
{
	count = 0;
}
