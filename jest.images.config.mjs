import base from "./jest.config.mjs";

/** Needs Debian's qemu-utils, e2fsprogs, xfsprogs, btrfs-progs and friends: see tests/images/README.md. */
export default { ...base, roots: ["<rootDir>/tests/images"], testTimeout: 600_000 };
