# SPDX-License-Identifier: MIT
"""The fields of a decoded instruction against the operands that LLVM's disassembler prints."""

import re

NAMES = {"vcc": 106, "vcc_lo": 106, "vcc_hi": 107, "null": 124, "m0": 125, "exec": 126, "exec_lo": 126, "exec_hi": 127,
         "src_shared_base": 235, "src_shared_limit": 236, "src_private_base": 237, "src_private_limit": 238,
         "src_pops_exiting_wave_id": 239, "src_vccz": 251, "vccz": 251, "src_execz": 252, "execz": 252, "src_scc": 253,
         "scc": 253, "src_lds_direct": 254, "lds_direct": 254,
         "0.5": 240, "-0.5": 241, "1.0": 242, "-1.0": 243, "2.0": 244, "-2.0": 245, "4.0": 246, "-4.0": 247,
         "0.15915494": 248, "0.15915494309189532": 248, "0.1591": 248, "0.15915494309189535": 248}
# inline constants of 16-bit integers
HALVES = {0x3800: 240, 0xB800: 241, 0x3C00: 242, 0xBC00: 243, 0x4000: 244, 0xC000: 245, 0x4400: 246, 0xC400: 247,
          0x3118: 248}
VGPR, NULL, LITERAL = 256, 124, 255
# operands that are none of a shader's, or none at all
NO_CHECK = "^(v_interp_|s_sendmsg_rtn|s_barrier|s_wakeup_barrier|s_get_barrier|lds_|ds_param|ds_direct|global_wb)|_inv$"


def split(text, separator):
    """At separators that are in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[(") - (character in "])")
        if character == separator and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in (part.strip() for part in parts) if part]


class Operand:
    """Number as in struct isa_inst; value of a number that is no inline constant; text of anything else."""

    def __init__(self, text):
        self.text, self.code, self.value = text, None, None
        self.neg = self.abs = self.sext = False
        self.half = None
        text = text.split("/*")[0]
        for _ in range(3):
            if match := re.fullmatch(r"(neg|sext|abs)\((.*)\)", text):
                setattr(self, match[1], True)
                text = match[2]
            elif match := re.fullmatch(r"\|(.*)\|", text):
                self.abs, text = True, match[1]
            elif match := re.fullmatch(r"-([vs|tmen].*)", text):
                self.neg, text = True, match[1]
        if match := re.fullmatch(r"(v\d+)\.([lh])", text):
            text, self.half = match[1], match[2] == "h"
        if text in NAMES:
            self.code = NAMES[text]
        elif match := re.fullmatch(r"(v|s|ttmp)\[?(\d+)(:\d+\])?", text):
            self.code = int(match[2]) + {"v": VGPR, "s": 0, "ttmp": 108}[match[1]]
        elif re.fullmatch(r"-?\d+", text):
            number = int(text)
            self.value = number
            if -16 <= number <= 64:
                self.code = 128 + number if number >= 0 else 192 - number
        elif re.fullmatch(r"-?0x[0-9a-f]+", text):
            self.value = int(text, 16)
            self.code = HALVES.get(self.value)

    def is_source(self, code, literal):
        if code == LITERAL:
            return self.value is not None and (self.value ^ literal) & 0xFFFF == 0
        # of registers that follow each other LLVM prints the first as if it were aligned
        return self.code == code or (":" in self.text and code < VGPR and self.code in (code & ~1, code & ~3))


def operands_of(text):
    """Operands and modifiers."""
    parts = split(text, ",")
    modifiers = {}
    operands = []
    for part in parts:
        words = split(part, " ")
        if not re.match(r"[a-z_0-9]+:|(gds|glc|slc|dlc|lds|tfe|offen|idxen|clamp|row_mirror|row_half_mirror)$", words[0]):
            operands.append(Operand(words.pop(0)))
        for word in words:
            name, _, value = word.partition(":")
            modifiers[name] = value
    return operands, modifiers


def numbers(text):
    return [int(number, 0) for number in text.strip("[]").split(",")]


def mask(bits):
    return sum(bit << number for number, bit in enumerate(bits))


def same(their, our):
    """... with the alignment that LLVM prints."""
    if isinstance(their, str) or isinstance(our, str) or our >= VGPR:
        return their == our
    return their in (our, our & ~1, our & ~3)


def subsequence(theirs, ours):
    rest = iter(ours)
    return all(any(same(their, our) for our in rest) for their in theirs)


def differs(wanted):
    return [f"{what} is {got}, LLVM: {want}" for what, got, want in wanted if got != want]


def check_sources(operands, codes, literal, where):
    if len(operands) > len(codes):
        return [f"{where}: {len(operands)} operands"]
    return [f"{where} {number} is {code} (literal {literal:#x}), LLVM: {operand.text}"
            for number, (operand, code) in enumerate(zip(operands, codes)) if not operand.is_source(code, literal)]


def check_vop(name, row, f, operands, modifiers):
    src = [f["s0"], f["s1"], f["s2"]]
    compare = row[0] == "VOPC"
    base = re.sub(r"(_e32|_e64|_sdwa)?(_dpp)?$", "", name)
    if compare:
        results = [] if base.startswith("v_cmpx") else [f["sdst"]]
    elif re.match(r"v_(readlane|readfirstlane|s_)", base):
        results = [f["dst"]]
    else:
        results = [VGPR + f["dst"]]
    if re.match(r"v_(add|sub|subrev)_co_|v_div_scale|v_mad_(co_)?[ui]64", base):
        results.append(f["sdst"])
    wrong = check_sources(operands, results + src, f["literal"], "operand")
    sources = operands[len(results):]
    # integers have modifiers with SDWA only; whatever LLVM prints of others
    floats = re.search("f16|f32|f64", base) and not base.startswith("v_cvt_pk_u8")
    checked = ("neg", "abs") * bool(floats) + ("sext",) * name.endswith("_sdwa")
    if row[0] == "VOP3P":
        checked = ("neg", "abs") if "fma_mix" in base else ()
    for number, operand in enumerate(sources):
        if operand.half is not None and operand.half != bool(f["opsel"] >> number & 1):
            wrong.append(f"half of source {number} is {f['opsel']:#x}")
        for modifier in checked if number == 0 or not re.search("ldexp|trig_preop|cvt_sr", base) else ():
            bits = f["neg_hi" if modifier == "abs" and row[0] == "VOP3P" else modifier]
            if getattr(operand, modifier) != bool(bits >> number & 1):
                wrong.append(f"{modifier} of source {number} is {bits:#x}")
    count = len(sources)
    full = (1 << count) - 1
    wanted = [("clamp", f["clamp"], int("clamp" in modifiers)),
              ("omod", f["omod"], {"mul:2": 1, "mul:4": 2, "div:2": 3}.get(
                  next((f"{key}:{modifiers[key]}" for key in ("mul", "div") if key in modifiers), ""), 0))]
    if "op_sel" in modifiers and not re.match("v_dot2_b?f16", base):  # LLVM 19 prints not all bits of these
        bits = numbers(modifiers["op_sel"])
        if "permlane" in base:
            wanted.append(("opsel", f["opsel"] & 3, mask(bits)))
        elif row[0] == "VOP3P":
            wanted.append(("opsel", f["opsel"], mask(bits)))
        else:  # the last one is the result's
            wanted.append(("opsel", f["opsel"], mask(bits[:-1]) | bits[-1] << 3))
    for key, field in (("op_sel_hi", "opsel_hi"), ("neg_hi", "neg_hi"), ("neg_lo", "neg")):
        if key in modifiers:
            wanted.append((field, f[field] & full, mask(numbers(modifiers[key]))))
    if operands and operands[0].half is not None:
        wanted.append(("half of the result", bool(f["opsel"] & 8), operands[0].half))
    return wrong + check_permutation(f, modifiers, wanted)


DPP_CTRL = {"row_shl": 0x100, "row_shr": 0x110, "row_ror": 0x120, "row_share": 0x150, "row_newbcast": 0x150,
            "row_xmask": 0x160}
SELECTED = {"BYTE_0": 0, "BYTE_1": 1, "BYTE_2": 2, "BYTE_3": 3, "WORD_0": 4, "WORD_1": 5, "DWORD": 6}
UNUSED = {"UNUSED_PAD": 0, "UNUSED_SEXT": 1, "UNUSED_PRESERVE": 2}


def check_permutation(f, modifiers, wanted):
    if "quad_perm" in modifiers:
        wanted.append(("dpp_ctrl", f["dpp_ctrl"], sum(n << 2 * i for i, n in enumerate(numbers(modifiers["quad_perm"])))))
    for key, base in DPP_CTRL.items():
        if key in modifiers:
            wanted.append(("dpp_ctrl", f["dpp_ctrl"], base + int(modifiers[key])))
    for key, code in (("row_mirror", 0x140), ("row_half_mirror", 0x141)):
        if key in modifiers:
            wanted.append(("dpp_ctrl", f["dpp_ctrl"], code))
    if "dpp8" in modifiers:
        wanted.append(("dpp8", f["dpp8"], sum(n << 3 * i for i, n in enumerate(numbers(modifiers["dpp8"])))))
    for key in ("row_mask", "bank_mask"):
        wanted.append((key, f[key], int(modifiers.get(key, "0"), 0)))
    wanted.append(("bound_ctrl", f["bound_ctrl"], int("bound_ctrl" in modifiers)))
    wanted.append(("fetch_inactive", f["fi"], int("fi" in modifiers)))
    for key, field in (("dst_sel", "dst_sel"), ("src0_sel", "sel0"), ("src1_sel", "sel1")):
        if key in modifiers:
            wanted.append((field, f[field], SELECTED[modifiers[key]]))
    if "dst_unused" in modifiers:
        wanted.append(("dst_unused", f["dst_unused"], UNUSED[modifiers["dst_unused"]]))
    return differs(wanted)


def check_vopd(name, row, f, text):
    first, second = text.split("::")
    wrong = check_sources(operands_of(first)[0], [VGPR + f["dst"], f["s0"], f["s1"], f["s2"]], f["literal"], "x")
    second = second.strip().partition(" ")[2]
    return wrong + check_sources(operands_of(second)[0], [VGPR + f["y_dst"], f["y0"], f["y1"], f["y2"]], f["literal"],
                                 "y")


def check_memory(generation, name, row, f, operands, modifiers):
    gfx12 = generation == "gfx12"
    address = VGPR + f["addr"] if f["has_addr"] else "off"
    theirs = [operand.code if operand.code is not None else operand.text for operand in operands]
    if row[0] == "DS":
        ours = [VGPR + f["dst"], VGPR + f["addr"], VGPR + f["data"], VGPR + f["data2"]]
    elif row[0] in ("BUFFER", "TBUFFER"):
        ours = [VGPR + f["data"], address, f["rsrc"], f["soffset"]]
        theirs = [LITERAL if operand.code is None and operand.value == f["literal"] else their
                  for operand, their in zip(operands, theirs)]
    else:
        saddr = "off" if f["saddr"] == NULL else f["saddr"]
        ours = [VGPR + f["dst"], address, VGPR + f["data"], saddr]
        if row[0] == "SCRATCH" and saddr == "off" and address == "off":
            ours.append("off")
    wrong = [] if subsequence(theirs, ours) else [f"operands are {ours}, LLVM: {theirs}"]
    wanted = [(key, f[key], int(key in modifiers)) for key in ("lds", "gds", "glc", "slc", "dlc", "tfe", "offen", "idxen")
              if not (key == "glc" and re.search("atomic", name))]
    if "swizzle(" not in modifiers.get("offset", ""):
        offset = int(modifiers.get("offset", "0"), 0)
        if "offset0" in modifiers or "offset1" in modifiers:
            offset = int(modifiers.get("offset0", "0"), 0) | int(modifiers.get("offset1", "0"), 0) << 8
        if row[0] == "FLAT" and not gfx12:  # hardware ignores the sign, LLVM prints it as one bit more
            offset &= 0x7FF if generation == "gfx10.3" else 0xFFF
        wanted.append(("offset", f["offset"], offset))
    if gfx12:
        scope = {"SCOPE_SE": 1, "SCOPE_DEV": 2, "SCOPE_SYS": 3}.get(modifiers.get("scope"), 0)
        wanted.append(("scope", f["scope"], scope))
        if row[0] != "DS":
            wanted.append(("th", int(f["th"] != 0), int("th" in modifiers)))
    return wrong + differs(wanted)


def check_smem(name, f, operands, modifiers):
    theirs, ours = [], [f["dst"], f["saddr"], f["soffset"], "offset"]
    offset = int(modifiers.get("offset", "0"), 0)
    for operand in operands:
        if operand.text.startswith(("0x", "-0x")):
            offset = operand.value
            theirs.append("offset")
        else:
            theirs.append(operand.code)
    if re.search("prefetch|probe", name):
        return []
    if "time" in name or "inv" in name:
        return []
    wanted = [(key, f[key], int(key in modifiers)) for key in ("glc", "dlc")]
    if operands:
        wanted.append(("offset", f["offset"], offset))
    wrong = [] if subsequence(theirs, ours) else [f"operands are {ours}, LLVM: {theirs}"]
    return wrong + differs(wanted)


def check_scalar(name, row, f, operands):
    if row[0] in ("SOPP", "SOPK"):
        wrong = []
        if operands and operands[-1].value is not None and not name.startswith("s_setreg_imm"):
            wrong = differs([("simm", f["simm"] & 0xFFFF, operands[-1].value & 0xFFFF)])
        if row[0] == "SOPK" and operands and operands[0].code is not None:
            wrong += check_sources(operands[:1], [f["dst"]], 0, "destination")
        if name.startswith("s_setreg_imm"):
            wrong += check_sources(operands[1:], [LITERAL], f["literal"], "constant")
        return wrong
    src = [f["s0"], f["s1"], f["s2"]]
    if row[0] == "SOPC" or re.match(r"s_(setpc|rfe)_b64|s_sleep_var", name):
        return check_sources(operands, src, f["literal"], "source")
    return check_sources(operands, [f["dst"]] + src, f["literal"], "operand")


def check(generation, row, name, fields, text):
    """What differs, in words.  @row: format, opcode and name; @fields: as isa_decode_print has them."""
    f = {key: int(value) for key, value in (field.split("=") for field in fields.split())}
    if re.search(NO_CHECK, name) or row[0] in ("EXP", "IMAGE", "SAMPLE"):
        return []
    if row[0] == "VOPD":
        return check_vopd(name, row, f, text)
    operands, modifiers = operands_of(text)
    if row[0] in ("SOP1", "SOP2", "SOPC", "SOPK", "SOPP"):
        return check_scalar(name, row, f, operands)
    if row[0] == "SMEM":
        return check_smem(name, f, operands, modifiers)
    if row[0] in ("VOP1", "VOP2", "VOPC", "VOP3", "VOP3P", "VINTERP"):
        return check_vop(name, row, f, operands, modifiers)
    return check_memory(generation, name, row, f, operands, modifiers)
