/** The most that is read of a manifest. */
export const manifestLimitInBytes = 65_536;

const fill = (text: string) => text.repeat(Math.floor(manifestLimitInBytes / Buffer.byteLength(text)));
const lines = (line: (index: number) => string, count: number) =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");
const tenOf = (item: string) => Array(10).fill(item).join();

/** Texts that a parser, a schema or a glob could need much time or memory for; each by its name. All are refused. */
export const bombs: readonly (readonly [string, string])[] = [
  ["brackets", fill("[")],
  ["closing brackets", fill("]")],
  ["braces", fill('{"a":')],
  ["flow mixtures", fill("[{")],
  ["dashes", fill("- ")],
  ["questions", fill("? ")],
  ["question and dash", fill("? - ")],
  ["colons", fill("a: ")],
  ["colons in a list", `version: 1\nrules: [${fill(": []").slice(24)}`],
  ["commas", `[${fill(",").slice(1)}`],
  ["anchors", fill("&a ")],
  ["aliases", fill("*a ")],
  ["tags", fill("!a ")],
  ["comments", fill("#\n")],
  ["directives", fill("%YAML 1.2\n")],
  ["documents", fill("---\n")],
  ["line ends", fill("\n")],
  ["tabs", fill("\t")],
  ["blanks", `a:${fill(" ").slice(2)}`],
  ["one long word", fill("a")],
  ["one long quote", `"${fill("a").slice(2)}"`],
  ["an open quote", `"${fill("\\").slice(1)}`],
  ["bad escapes", `a: "${fill("\\q").slice(6)}"`],
  ["bad hexadecimal escapes", `a: "${fill("\\xzz").slice(6)}"`],
  ["a block text", `a: |\n${fill(" \n").slice(6)}`],
  ["unknown keys", lines((index) => `key${index}: 1`, 5000)],
  ["the same key", fill("a: 1\n")],
  ["indentation", lines((index) => `${" ".repeat(index)}a:`, 350)],
  ["many aliases", `a: &a [x,x]\n${lines((index) => `k${index}: &k${index} [*a,*a,*a,*a]`, 1000)}`],
  ["a billion laughs", `k0: &k0 [x]\n${lines((index) => `k${index + 1}: &k${index + 1} [${tenOf(`*k${index}`)}]`, 9)}`],
  ["a huge number", `expect: {size: ${"9".repeat(60_000)}}`],
  ["a huge exponent", `expect: {size: 1e${"9".repeat(300)}}`],
  ["many tags", `tags:\n${lines((index) => `  k${index}: v`, 4000)}`],
  ["many disks", `disks: [${fill("{},").slice(60)}]`],
  ["many rules", `version: 1\nrules:\n${lines(() => '  - match: "{a,b}{a,b}{a,b}{a,b}**"', 1200)}`],
  ["a long template", `imageName: "${"{".repeat(30_000)}"`],
  ["a long glob", `version: 1\nrules: [{match: "${"*a".repeat(20_000)}"}]`],
];
