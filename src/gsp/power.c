// SPDX-License-Identifier: MIT
#include "gsp/power.h"

#include <errno.h>
#include <string.h>

#include "gsp/timeline.h"
#include "kmd/power.h"
#include "util/compiler.h"
#include "util/log.h"

#define LOOK_NS	      1000000000ULL /* how old what is known of the source of power may be ... */
#define LOOK_AGAIN_NS 100000000ULL  /* ... and when other work begins that might get the hint */

/* Prepares the object; `options` are copied, NULL is GSP_POWER_OFF. */
void gsp_power_init(struct gsp_power *power, const struct gsp_power_options *options)
{
	*power = (struct gsp_power){.idle = true};
	if (options)
		power->options = *options;
	if (!power->options.idle_ns)
		power->options.idle_ns = GSP_POWER_IDLE_NS;
	if (!power->options.source)
		power->options.source = power_supply_now;
}

/* 0, or what the host or its driver refused with; -ENODATA: the driver did not answer; -ENODEV: the device is lost. */
static int send_hint(struct gsp_device *device, bool restore)
{
	struct kmd_power_blob blob;
	int ret = kmd_power_encode(restore, &blob);

	if (ret)
		return ret;
	ret = gsp_device_result(device, dxg_escape(gsp_device_dxg(device), gsp_device_adapter(device),
						   gsp_device_handles(device)->device,
						   D3DDDI_ESCAPEFLAGS_HARDWARE_ACCESS, blob.data, blob.size));
	return ret ? ret : kmd_power_decode(&blob);
}

/* Takes the hint back: nobody else does, so that one that did not get to the driver is sent once more. */
static int take_back(struct gsp_device *device)
{
	int ret = send_hint(device, true);

	if (!ret || ret == -ENODEV || ret == -EOPNOTSUPP || ret == -EIO)
		return ret;
	return send_hint(device, true);
}

static void refused(struct gsp_power *power, struct gsp_device *device, const char *step, int error)
{
	/* what a lost device gets says nothing of the driver's will */
	if (error == -ENODEV || gsp_device_check(device) == -ENODEV)
		return;
	power->refused = true;
	log_info("adapter %#x: %s high clocks: %s; it is not tried again", gsp_device_adapter(device), step,
		 strerror(-error));
}

static void apply(struct gsp_power *power, struct gsp_device *device)
{
	int ret = send_hint(device, false);

	if (ret == -ENODATA)
		/* a driver that does not answer may have done it */
		take_back(device);
	if (ret) {
		refused(power, device, "asking for", ret);
		return;
	}
	gsp_device_get(device);
	power->held = device;
	log_debug("adapter %#x: high clocks are asked for", gsp_device_adapter(device));
}

/*
 * Takes the hint back, if it is held; the host forgets it with a lost device.  Before the thread ends, and with it the last who could.
 */
void gsp_power_release(struct gsp_power *power)
{
	struct gsp_device *device = power->held;
	int ret = 0;

	if (!device)
		return;
	power->held = NULL;
	if (!gsp_device_is_lost(device))
		ret = take_back(device);
	if (ret)
		refused(power, device, "no longer asking for", ret);
	else
		log_debug("adapter %#x: high clocks are not asked for any more", gsp_device_adapter(device));
	gsp_device_put(device);
}

static bool on_mains(struct gsp_power *power, bool begins, uint64_t now_ns)
{
	uint64_t age = now_ns - power->looked_ns;

	/* what is held was looked at by the clock, also while nothing ran */
	if (!power->looked_ns || age >= LOOK_NS || (begins && !power->held && age >= LOOK_AGAIN_NS)) {
		power->mains = power->options.source() == POWER_MAINS;
		power->looked_ns = now_ns;
	}
	return power->mains;
}

static bool allowed(struct gsp_power *power, bool begins, uint64_t now_ns)
{
	switch (power->options.policy) {
	case GSP_POWER_PERFORMANCE:
		return true;
	case GSP_POWER_AUTO:
		return on_mains(power, begins, now_ns);
	case GSP_POWER_OFF:
		break;
	}
	return false;
}

/* Notes whether the device works.  Work that came and went between two turns keeps it from having been idle. */
static bool note_work(struct gsp_power *power, struct gsp_device *device, uint64_t now_ns, bool *begins)
{
	uint64_t reached;
	bool works = gsp_device_works(device, &reached), was_idle = power->idle;

	if (!works && (!was_idle || reached != power->reached))
		power->idle_since_ns = now_ns;
	*begins = works && (was_idle || reached != power->reached);
	power->idle = !works;
	power->reached = reached;
	return works;
}

/*
 * One turn, at `now_ns` (clock_ns()): holds the hint on the GPU's device of now, or takes it back, as work and policy want it.  May ask the
 * host, and read files of /sys.  Returns the time of the next turn that is needed although nothing happens; UINT64_MAX: none.
 * While a device works the caller takes turns anyway, some in a second.
 */
uint64_t gsp_power_turn(struct gsp_power *power, struct gsp_device *device, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;
	bool works, begins, may;

	if (power->options.policy == GSP_POWER_OFF || (power->refused && !power->held))
		return UINT64_MAX;
	works = note_work(power, device, now_ns, &begins);
	if (!works && !power->held)
		return UINT64_MAX;
	may = allowed(power, begins, now_ns);
	if (power->held && (!may || power->held != device || gsp_device_is_lost(power->held) ||
			    (!works && now_ns - power->idle_since_ns >= power->options.idle_ns)))
		gsp_power_release(power);
	if (!power->held && !power->refused && works && may)
		apply(power, device);
	if (power->held && !works)
		next = power->idle_since_ns + power->options.idle_ns;
	if (power->held && power->options.policy == GSP_POWER_AUTO)
		next = MIN(next, power->looked_ns + LOOK_NS);
	return next;
}
