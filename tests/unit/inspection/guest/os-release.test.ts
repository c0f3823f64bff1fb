import fc from "fast-check";
import {
  distributionOf,
  parseOsRelease,
  readDistribution,
} from "../../../../shared/inspection/guest/linux/os-release.ts";
import { isAskedForMore, platformOf } from "../../../../shared/inspection/guest/linux/platform.ts";
import { memoryTree } from "./memory-tree.ts";

describe("os-release", () => {
  it.each([
    ['NAME="A B"', "NAME", "A B"],
    ["NAME='A B'", "NAME", "A B"],
    ['NAME="a \\"b\\" \\$c"', "NAME", 'a "b" $c'],
    ["  ID=debian  ", "ID", "debian"],
    ["ID=one\nID=two", "ID", "two"],
  ])("reads %j as a shell would", (text, name, value) => {
    expect(parseOsRelease(text).get(name)).toBe(value);
  });

  it("passes over comments and what is no assignment", () => {
    expect(parseOsRelease("# ID=x\nid=x\nID x\n=\n").size).toBe(0);
  });

  it("has no distribution without an ID", () => {
    expect(distributionOf("NAME=Something")).toBeUndefined();
  });

  it("makes hostile text printable and short", () => {
    const distribution = distributionOf(`ID="x\x1b[31m"\nPRETTY_NAME="${"n".repeat(10_000)}"`);
    expect(distribution?.id).toBe("x?[31m");
    expect(distribution?.name).toHaveLength(128);
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void distributionOf(text)));
  });
});

describe("the distribution of a guest", () => {
  it("is that of os-release, also behind its usual link", async () => {
    const tree = memoryTree({
      "/etc/os-release": { link: "/usr/lib/os-release" },
      "/usr/lib/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    });
    expect(await readDistribution(tree)).toEqual({
      id: "debian",
      versionId: "12",
      name: "Debian GNU/Linux 12 (bookworm)",
    });
  });

  it.each([
    ["/etc/redhat-release", "CentOS release 6.10 (Final)\n", "centos", "6.10"],
    ["/etc/redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n", "rhel", "5.11"],
    ["/etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\n", "sles", "11"],
    ["/etc/SuSE-release", "openSUSE 11.4 (x86_64)\n", "opensuse", "11.4"],
    ["/etc/debian_version", "6.0.10\n", "debian", "6.0.10"],
    ["/etc/alpine-release", "3.19.1\n", "alpine", "3.19.1"],
    ["/etc/gentoo-release", "Gentoo Base System release 2.2\n", "gentoo", "2.2"],
    ["/etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\n", "ubuntu", "10.04"],
  ])("is found in the older %s: %j", async (path, text, id, versionId) => {
    expect(await readDistribution(memoryTree({ [path]: text }))).toMatchObject({ id, versionId });
  });

  it("is unknown where nothing says", async () => {
    expect(await readDistribution(memoryTree({ "/etc/hostname": "x" }))).toBeUndefined();
  });
});

describe("ECS's platform", () => {
  it.each([
    ["ID=alinux", "Aliyun"],
    ["ID=anolis", "Anolis"],
    ['ID="centos"\nNAME="CentOS Linux"', "CentOS"],
    ['ID="centos"\nNAME="CentOS Stream"\nPRETTY_NAME="CentOS Stream 9"', "CentOS Stream"],
    ["ID=ubuntu", "Ubuntu"],
    ["ID=coreos", "CoreOS"],
    ["ID=sles", "SUSE"],
    ["ID=sle_hpc", "SUSE"],
    ["ID=sles_sap", "SUSE"],
    ["ID=debian", "Debian"],
    ["ID=opensuse-leap", "OpenSUSE"],
    ["ID=opensuse-tumbleweed", "OpenSUSE"],
    ["ID=opensuse-microos", "OpenSUSE"],
    ["ID=sl-micro", "SUSE"],
    ["ID=rhel", "RedHat"],
    ["ID=kylin", "Kylin"],
    ["ID=uos", "UOS"],
    ["ID=Deepin", "UOS"],
    ["ID=fedora", "Fedora"],
    ["ID=fedora\nVARIANT_ID=coreos", "Fedora CoreOS"],
    ["ID=almalinux", "AlmaLinux"],
    ["ID=rocky", "Rocky Linux"],
    ["ID=gentoo", "Gentoo"],
    ["ID=freebsd", "FreeBSD"],
    ["ID=alpine", "Others Linux"],
    ["ID=ol\nID_LIKE=fedora", "Others Linux"],
    ["ID=constructor", "Others Linux"],
  ])("for %j is %s", (text, platform) => {
    expect(platformOf(distributionOf(text))).toBe(platform);
  });

  it("is Others Linux where the distribution is unknown", () => {
    expect(platformOf(undefined)).toBe("Others Linux");
  });

  it.each([
    ["Debian", "arm64", true],
    ["Debian", "x86_64", false],
    ["CentOS", "x86_64", false],
    ["CentOS Stream", "x86_64", true],
    ["Rocky Linux", undefined, true],
    [undefined, undefined, false],
  ])("%s on %s is asked for more: %s", (platform, architecture, asked) => {
    expect(isAskedForMore(platform, architecture)).toBe(asked);
  });
});
