import { XMLParser, XMLValidator } from "fast-xml-parser";

/** XML out: a fragment is already-escaped text, so that a plain string can never slip in unescaped. */
export interface XmlFragment {
  readonly xml: string;
}

// XML 1.0 cannot carry most control characters at all; listings with such keys need `encoding-type=url`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to take out.
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const escapeText = (text: string): string =>
  text.replace(unprintable, "\ufffd").replace(/[&<>"']/g, (character) => escapes[character] ?? character);

export const xmlElement = (
  name: string,
  ...content: readonly (string | number | boolean | XmlFragment)[]
): XmlFragment => ({
  xml: `<${name}>${content.map((part) => (typeof part === "object" ? part.xml : escapeText(String(part)))).join("")}</${name}>`,
});

export const xmlDocument = (root: string, ...content: readonly XmlFragment[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${xmlElement(root, ...content).xml}\n`;

/** XML in: names, text and children; attributes are of no interest in any OSS request. */
export interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

// Values stay text, and entities are not the parser's business: the five of XML itself are put back below, and a
// document that declares its own is refused before.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  processEntities: false,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** How deep a request document may nest; those of OSS need four levels. */
const maximumDepth = 8;

/** The root element, or `undefined` when the text is not well-formed, declares a DOCTYPE or nests too deeply. */
export const parseXml = (text: string): XmlNode | undefined => {
  if (text.includes("<!")) return undefined; // DOCTYPE, CDATA and comments: no OSS client sends them.
  if (XMLValidator.validate(text) !== true) return undefined;
  try {
    const roots = nodes(parser.parse(text), 0).filter((node) => node.name !== "#text");
    return roots.length === 1 ? roots[0] : undefined;
  } catch {
    return undefined;
  }
};

const nodes = (ordered: unknown, depth: number): XmlNode[] => {
  if (!Array.isArray(ordered)) return [];
  if (depth > maximumDepth) throw new Error("The document nests too deeply.");
  return ordered.flatMap((entry: unknown): XmlNode[] => {
    if (typeof entry !== "object" || entry === null) return [];
    const pair = Object.entries(entry).find(([name]) => name !== ":@");
    if (pair === undefined) return [];
    const [name, content] = pair;
    if (name === "#text") return [{ name, text: unescapeText(String(content)), children: [] }];
    const inner = nodes(content, depth + 1);
    const text = inner.map((node) => (node.name === "#text" ? node.text : "")).join("");
    return [{ name, text, children: inner.filter((node) => node.name !== "#text") }];
  });
};

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const unescapeText = (text: string): string =>
  text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, name, decimal, hex) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

export const childrenOf = (node: XmlNode, name: string): readonly XmlNode[] =>
  node.children.filter((child) => child.name === name);

/** The text of the first child element of that name. */
export const childText = (node: XmlNode, name: string): string | undefined => childrenOf(node, name)[0]?.text;
