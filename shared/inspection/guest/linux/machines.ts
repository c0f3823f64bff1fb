/** The machines that a Linux guest is for, told from its programs and kernels. */
import { type GuestTree, readHead } from "../guest-tree.ts";
import { elfMachine, kernelMachine, type Machine, machineHeadBytes } from "../machine-code.ts";
import type { Kernel } from "./kernels.ts";

/** Programs that every distribution has one of. */
const programs = ["/bin/sh", "/usr/bin/bash", "/sbin/init", "/usr/bin/env", "/bin/busybox", "/usr/lib/systemd/systemd"];

/** The machine that the guest's programs are for: that of the first one there is. */
export async function readUserlandMachine(tree: GuestTree): Promise<Machine | undefined> {
  for (const program of programs) {
    const head = await readHead(tree, program, 64);
    const machine = head === undefined ? undefined : elfMachine(head);
    if (machine !== undefined) return machine;
  }
  return undefined;
}

/** The machine that a kernel is for; undefined when its file does not say, e.g. a compressed one for arm64. */
export async function readKernelMachine(tree: GuestTree, kernel: Kernel | undefined): Promise<Machine | undefined> {
  if (kernel?.imagePath === undefined) return undefined;
  const head = await readHead(tree, kernel.imagePath, machineHeadBytes);
  return head === undefined ? undefined : kernelMachine(head);
}
