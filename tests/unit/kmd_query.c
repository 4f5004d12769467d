// SPDX-License-Identifier: MIT
/* What kmd_adapter_read asks the host, and what it does with refusals: the dxg floor is played here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kmd/adapter.h"
#include "kmd_blobs.h"
#include "util/compiler.h"
#include "util/log.h"

#define HANDLE 0x40000080U

enum call {
	CALL_EX,
	CALL_ATI,
	CALL_SEGMENTS,
	CALL_STATISTICS,
	CALL_CLOCK,
	CALL_DEVICE_IDS,
	CALL_ADDRESS,
	CALL_DRIVER_VERSION,
	CALL_COUNT
};

static struct {
	uint32_t calls[CALL_COUNT];
	uint32_t total;
	int fail[CALL_COUNT];
	bool silent[CALL_COUNT]; /* success without an answer */
	uint32_t clock_node;
	uint32_t overrun; /* write one byte behind the buffer of this call */
	struct winluid statistics_luid;
	uint32_t lines;
	enum log_level last_level;
	char last_line[512];
} host;

static int enter(enum call call)
{
	host.calls[call]++;
	host.total++;
	return host.fail[call];
}

static bool all_zero(const uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (data[i])
			return false;
	return true;
}

static enum call call_of(uint32_t type, uint32_t size)
{
	if (type == 0 && size == EX_TOTAL)
		return CALL_EX;
	if (type == 0 && size == ATI_TOTAL)
		return CALL_ATI;
	if (type == 3 && size == 24)
		return CALL_SEGMENTS;
	if (type == 31 && size == 28)
		return CALL_DEVICE_IDS;
	if (type == 6 && size == 12)
		return CALL_ADDRESS;
	if (type == 49 && size == 8)
		return CALL_DRIVER_VERSION;
	fail_msg("query of type %u with %u bytes", type, size);
	return CALL_COUNT;
}

int dxg_query_adapter_info(struct dxg *dxg, d3dkmt_handle adapter, uint32_t type, void *data, uint32_t size)
{
	enum call call = call_of(type, size);
	uint8_t *bytes = data;
	int ret = enter(call);

	assert_null(dxg);
	assert_int_equal(adapter, HANDLE);
	if (call == CALL_EX || call == CALL_ATI)
		assert_true(all_zero(bytes, size));
	if (ret || host.silent[call])
		return ret;
	switch (call) {
	case CALL_EX:
		fill_ex(bytes);
		break;
	case CALL_ATI:
		fill_ati(bytes);
		break;
	case CALL_SEGMENTS:
		put64(bytes, 0, VRAM);
		put64(bytes, 16, HOST_MEMORY);
		break;
	case CALL_DEVICE_IDS:
		for (uint32_t i = 0; i < 6; i++)
			put32(bytes, 4 + 4 * i, i == 0 ? 0x1002 : i == 1 ? DEVICE_ID : i);
		break;
	case CALL_ADDRESS:
		put32(bytes, 0, 3);
		put32(bytes, 4, 0);
		put32(bytes, 8, 1);
		break;
	default:
		put64(bytes, 0, 0x0020000059F707D5);
		break;
	}
	if (host.overrun == (uint32_t)call + 1)
		bytes[size] = 0;
	return 0;
}

int dxg_query_statistics(struct dxg *dxg, struct d3dkmt_querystatistics *query)
{
	int ret = enter(CALL_STATISTICS);

	assert_null(dxg);
	assert_int_equal(query->type, D3DKMT_QUERYSTATISTICS_ADAPTER);
	assert_int_equal(query->process, 0);
	host.statistics_luid = query->adapter_luid;
	if (!ret) {
		put32(query->result.size, 0, 4);
		put32(query->result.size, 4, FAKE_NODES);
	}
	return ret;
}

int dxg_query_clock_calibration(struct dxg *dxg, d3dkmt_handle adapter, uint32_t node,
				struct dxgk_gpuclockdata *out)
{
	int ret = enter(CALL_CLOCK);

	assert_null(dxg);
	assert_int_equal(adapter, HANDLE);
	host.clock_node = node;
	memset(out, 0, sizeof(*out));
	if (!ret)
		out->gpu_frequency = COUNTER_HZ;
	return ret;
}

int32_t dxg_last_status(void)
{
	return 0;
}

const char *dxg_status_name(int32_t status)
{
	return status ? "?" : "none";
}

static void count_lines(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	host.lines++;
	host.last_level = level;
	strncpy(host.last_line, line, sizeof(host.last_line) - 1);
}

/* Another adapter each time: a complaint is printed once per adapter. */
static struct dxg_adapter next_adapter(void)
{
	static uint32_t luid = 1;

	return (struct dxg_adapter){.handle = HANDLE, .luid = {.a = luid++, .b = 7}};
}

static struct kmd_adapter out;
static struct kmd_failure why;

static int read_adapter(const struct dxg_adapter *adapter)
{
	struct kmd_expected expected = {.compute_units = CU_COUNT};
	struct kmd_pci_ids ids = fake_ids();

	return kmd_adapter_read(NULL, adapter, &ids, &expected, &out, &why);
}

static int setup(void **state)
{
	(void)state;
	memset(&host, 0, sizeof(host));
	log_set_level(LOG_WARN);
	log_set_sink(count_lines, NULL);
	return 0;
}

static void identify_is_one_standard_query(void **state)
{
	struct kmd_pci_ids ids;

	(void)state;
	assert_int_equal(kmd_adapter_identify(NULL, HANDLE, &ids), 0);
	assert_int_equal(host.total, 1);
	assert_int_equal(ids.vendor, 0x1002);
	assert_int_equal(ids.device, DEVICE_ID);
	assert_int_equal(ids.subvendor, 2);
	assert_int_equal(ids.subsystem, 3);
	assert_int_equal(ids.revision, 4);
	assert_int_equal(ids.bus_type, 5);
	host.silent[CALL_DEVICE_IDS] = true;
	assert_int_equal(kmd_adapter_identify(NULL, HANDLE, &ids), -ENODATA);
	assert_int_equal(ids.vendor, 0);
	host.fail[CALL_DEVICE_IDS] = -ENODEV;
	assert_int_equal(kmd_adapter_identify(NULL, HANDLE, &ids), -ENODEV);
}

static void locate_tells_silence_from_address_zero(void **state)
{
	struct kmd_pci_address address;

	(void)state;
	assert_int_equal(kmd_adapter_locate(NULL, HANDLE, &address), 0);
	assert_int_equal(address.bus, 3);
	assert_int_equal(address.function, 1);
	host.silent[CALL_ADDRESS] = true;
	assert_int_equal(kmd_adapter_locate(NULL, HANDLE, &address), -ENODATA);
	assert_int_equal(address.bus, 0);
}

static void reading_takes_five_round_trips(void **state)
{
	struct dxg_adapter adapter = next_adapter();

	(void)state;
	assert_int_equal(read_adapter(&adapter), 0);
	assert_int_equal(host.total, 5);
	for (int i = CALL_EX; i <= CALL_CLOCK; i++)
		assert_int_equal(host.calls[i], 1);
	assert_int_equal(host.clock_node, 2);
	assert_int_equal(host.statistics_luid.a, adapter.luid.a);
	assert_int_equal(host.statistics_luid.b, adapter.luid.b);
	assert_int_equal(out.compute_units, CU_COUNT);
	assert_int_equal(out.node_count, FAKE_NODES);
	assert_int_equal(host.lines, 0);
}

static void driver_version_is_asked_only_to_be_printed(void **state)
{
	struct dxg_adapter adapter = next_adapter();

	(void)state;
	log_set_level(LOG_INFO);
	assert_int_equal(read_adapter(&adapter), 0);
	assert_int_equal(host.total, 6);
	assert_int_equal(host.lines, 1);
	assert_non_null(strstr(host.last_line, "32.0.23031.2005"));
	assert_non_null(strstr(host.last_line, "1002:744c"));
	host.fail[CALL_DRIVER_VERSION] = -EINVAL;
	assert_int_equal(read_adapter(&adapter), 0);
	assert_false(kmd_adapter_has(&out, KMD_FIELD_DRIVER_VERSION));
}

static void foreign_adapters_are_asked_nothing(void **state)
{
	struct dxg_adapter adapter = next_adapter();
	struct kmd_pci_ids ids = {.vendor = 0x10DE, .device = 0x2684};

	(void)state;
	assert_int_equal(kmd_adapter_read(NULL, &adapter, &ids, NULL, &out, &why), -EINVAL);
	assert_int_equal(host.total, 0);
}

static void failing_mandatory_query_ends_the_reading(void **state)
{
	(void)state;
	for (int call = CALL_EX; call <= CALL_SEGMENTS; call++) {
		static const int errors[] = {-EINVAL, -ENOMEM, -ENODEV, -EAGAIN, -EOVERFLOW};

		for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
			struct dxg_adapter adapter = next_adapter();

			setup(NULL);
			host.fail[call] = errors[i];
			assert_int_equal(read_adapter(&adapter), errors[i]);
			assert_int_equal(host.total, call + 1);
			assert_int_equal(why.rule, 1);
			assert_int_equal(host.lines, 1);
			assert_int_equal(out.pci.vendor, 0);
			/* and the next try works */
			host.fail[call] = 0;
			assert_int_equal(read_adapter(&adapter), 0);
		}
	}
}

static void optional_queries_may_be_missing_but_not_broken(void **state)
{
	static const int calls[] = {CALL_STATISTICS, CALL_CLOCK};
	static const int missing[] = {-EINVAL, -EPERM, -ENOTTY, -ENODATA, -ENOENT};
	static const int broken[] = {-ENODEV, -ENOMEM, -EAGAIN};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
		for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
			struct dxg_adapter adapter = next_adapter();

			setup(NULL);
			host.fail[calls[c]] = missing[i];
			assert_int_equal(read_adapter(&adapter), 0);
			assert_int_equal(host.total, 5);
		}
		for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
			struct dxg_adapter adapter = next_adapter();

			setup(NULL);
			host.fail[calls[c]] = broken[i];
			assert_int_equal(read_adapter(&adapter), broken[i]);
			assert_int_equal(why.rule, 1);
		}
	}
}

static void a_refusal_is_told_once_per_adapter(void **state)
{
	struct dxg_adapter first = next_adapter(), second = next_adapter();

	(void)state;
	host.silent[CALL_ATI] = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read_adapter(&first), -EPROTO);
		assert_int_equal(why.rule, 1);
	}
	assert_int_equal(host.lines, 1);
	assert_int_equal(host.last_level, LOG_ERR);
	assert_non_null(strstr(host.last_line, "1002:744c"));
	assert_non_null(strstr(host.last_line, "self-check 1,"));
	assert_int_equal(read_adapter(&second), -EPROTO);
	assert_int_equal(host.lines, 2);
}

/* One rule may have two reasons, and another one at the next open; numbers in the text do not make a reason new. */
static void each_reason_of_a_rule_is_told(void **state)
{
	struct dxg_adapter adapter = next_adapter();

	(void)state;
	host.fail[CALL_EX] = -ENODEV;
	assert_int_equal(read_adapter(&adapter), -ENODEV);
	host.fail[CALL_EX] = 0;
	host.silent[CALL_ATI] = true;
	for (int i = 0; i < 2; i++)
		assert_int_equal(read_adapter(&adapter), -EPROTO);
	assert_int_equal(why.rule, 1);
	assert_int_equal(host.lines, 2);
	assert_non_null(strstr(host.last_line, "0xBC0"));
}

static void an_answer_longer_than_the_buffer_is_found(void **state)
{
	static const enum call calls[] = {CALL_EX, CALL_ATI, CALL_SEGMENTS};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct dxg_adapter adapter = next_adapter();

		host.overrun = (uint32_t)calls[i] + 1;
		assert_int_equal(read_adapter(&adapter), -EPROTO);
		assert_int_equal(why.rule, 12);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identify_is_one_standard_query, setup),
		cmocka_unit_test_setup(locate_tells_silence_from_address_zero, setup),
		cmocka_unit_test_setup(reading_takes_five_round_trips, setup),
		cmocka_unit_test_setup(driver_version_is_asked_only_to_be_printed, setup),
		cmocka_unit_test_setup(foreign_adapters_are_asked_nothing, setup),
		cmocka_unit_test_setup(failing_mandatory_query_ends_the_reading, setup),
		cmocka_unit_test_setup(optional_queries_may_be_missing_but_not_broken, setup),
		cmocka_unit_test_setup(a_refusal_is_told_once_per_adapter, setup),
		cmocka_unit_test_setup(each_reason_of_a_rule_is_told, setup),
		cmocka_unit_test_setup(an_answer_longer_than_the_buffer_is_found, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
