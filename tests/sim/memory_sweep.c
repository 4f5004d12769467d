// SPDX-License-Identifier: MIT
/* Every memory call with each of its ioctls failing. */
#include "sweep.h"

int main(int argc, char **argv)
{
	return sweep_main(argc, argv, scenario_memory);
}
