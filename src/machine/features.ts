import { execa } from "execa";
import { parseCpuinfo } from "./cpuinfo.ts";
import { textReader } from "./text-file.ts";

/**
 * Flags of x86's /proc/cpuinfo that no compiler asks for: the kernel's own notes, clocks, power, virtualisation,
 * mitigations. They change with a kernel or microcode update, or as a VM moves, while the instructions stay the same.
 * Everything not named here counts: a flag too many costs one needless build, a flag too few an illegal instruction.
 */
const NOT_INSTRUCTIONS = new Set(
  `hypervisor cpuid cpuid_fault nopl rep_good up xtopology topoext extd_apicid apic x2apic ht smp acc_power
   tsc constant_tsc nonstop_tsc nonstop_tsc_s3 tsc_known_freq tsc_reliable tsc_adjust tsc_scale tsc_deadline_timer art arat
   acpi tm tm2 dtherm ida pln pts epb est eist hwp hwp_notify hwp_act_window hwp_epp hwp_pkg_req hw_pstate cpb cppc hfi
   aperfmperf arch_perfmon arch_lbr lbrv amd_lbr_v2 amd_lbr_pmc_freeze pebs bts dts ds_cpl dtes64 perfctr_core perfctr_nb
   perfctr_llc perfmon_v2 intel_pt pdcm ibs bpext xtpr cid rapl
   mca mce machine_check overflow_recov succor smca
   vmx svm svm_lock npt nrip_save vmcb_clean flushbyasid decodeassists pausefilter pfthreshold avic x2avic
   v_vmsave_vmload vgif v_spec_ctrl vnmi vmmcall ept ept_ad vpid ept_x_only tpr_shadow flexpriority ept_1gb
   ept_mode_based_exec sev sev_es sev_snp sme tdx_guest tdx_host_platform
   ssbd ibrs ibpb stibp ibrs_enhanced virt_ssbd ssb_no ibpb_brtype sbpb srso_no btc_no pti kaiser retpoline retpoline_lfence
   retpoline_amd md_clear flush_l1d arch_capabilities spec_ctrl intel_stibp spec_ctrl_ssbd spec_ctrl_msr rrsba_ctrl bhi_ctrl
   rsb_ctxsw zen fsrc mds_no tsa_sq_no tsa_l1_no verw_clear core_capabilities split_lock_detect bus_lock_detect
   cqm cqm_llc cqm_occup_llc cqm_mbm_total cqm_mbm_local cat_l2 cat_l3 cdp_l2 cdp_l3 rdt_a mba smba bmec abmc
   dca debug_swap user_shstk ibt lam la57 tme pconfig pcid invpcid invpcid_single smap smep umip pku ospke
   osvw skinit wdt tce nodeid_msr`
    .split(/\s+/)
    .filter(Boolean),
);

/**
 * The instruction set extensions that all CPUs of the machine share: sorted, without duplicates, empty where the system
 * does not tell. Part of a build's identity: a build runs only on machines whose features equal those it was made for.
 *
 * @param root "/" for this machine; another folder is read as a Linux machine described by files.
 */
export async function cpuFeatures(root = "/"): Promise<string[]> {
  if (root === "/" && process.platform === "darwin") return darwinFeatures(await sysctl("hw.optional"));
  const cpuinfo = await textReader(root)("/proc/cpuinfo");
  return cpuinfo === null ? [] : instructionSets(parseCpuinfo(cpuinfo).flags);
}

/** Leaves out what says nothing of instructions. Pure. */
export function instructionSets(flags: readonly string[]): string[] {
  return [...new Set(flags)].filter((flag) => !NOT_INSTRUCTIONS.has(flag)).sort();
}

/** `hw.optional.arm.FEAT_DotProd: 1` -> "arm.FEAT_DotProd". Pure. */
export function darwinFeatures(sysctlOutput: string): string[] {
  const names = [...sysctlOutput.matchAll(/^hw\.optional\.(\S+):\s*1$/gm)].map(([, name = ""]) => name);
  return [...new Set(names)].sort();
}

async function sysctl(name: string): Promise<string> {
  const { stdout } = await execa("sysctl", [name], { reject: false });
  return stdout ?? "";
}
