// SPDX-License-Identifier: MIT
/* ROCr's hsa_init and hsa_shut_down with each of their ioctls failing. */
#include "sweep.h"

int main(int argc, char **argv)
{
	return sweep_main(argc, argv, scenario_hsa_init);
}
