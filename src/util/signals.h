// SPDX-License-Identifier: MIT
/* What threads of the library's own do with signals: those of the program are for its own threads. */
#ifndef UTIL_SIGNALS_H
#define UTIL_SIGNALS_H

#include <pthread.h>
#include <signal.h>

/*
 * For the time in which a thread is made, which inherits the mask; *before goes to signals_restore().  Signals that tell of a fault of
 * the thread's own stay: blocked, they would end the process past its handlers (signal(7)).
 */
static inline void signals_block(sigset_t *before)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
	sigset_t blocked;

	sigfillset(&blocked);
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static inline void signals_restore(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
