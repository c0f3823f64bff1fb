import fc from "fast-check";
import { parseJson } from "../../../shared/manifest/parse-json.ts";

/** What JSON.parse makes of a text, undefined when it refuses. */
function reference(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

describe("parseJson", () => {
  const pieces = fc.constantFrom(
    ...'{}[]:,"\\ \t\n01-+.eE/#u'.split(""),
    '"a"',
    '"b":',
    "true",
    "null",
    "1.5e3",
    "\\u00e9",
    "\u0001",
    "\ufeff",
  );
  const texts = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));

  it("takes what JSON.parse takes, as the same value, and nothing else", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(texts, fc.json({ depthSize: "small" })), (text) => {
        const expected = reference(text);
        const reading = parseJson(text);
        if ("tree" in reading) {
          taken += 1;
          expect(JSON.stringify(reading.tree.value)).toBe(JSON.stringify(expected?.value));
          return;
        }
        const messages = reading.faults.map(({ message }) => message);
        expect(messages).not.toEqual([]);
        const isOurLimit = messages.some((message) => /twice|__proto__|levels deep|too large/.test(message));
        if (!isOurLimit) expect(expected).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(300);
  });

  it.each([
    ["{", 1, "The text ends where a key in double quotes should be."],
    ["[1 2]", 3, 'There is "2" where a comma or a closing bracket should be.'],
    ['{"a" 1}', 5, 'There is "1" where a colon should be.'],
    ["[01]", 2, 'There is "1" where a comma or a closing bracket should be.'],
    ['["a\nb"]', 1, "This text has no closing quote on its line, or an escape that JSON does not know."],
    ["[1,]", 3, 'There is "]" where a value should be.'],
    ["/* a */ {}", 0, "JSON has no comments."],
    ["{} {}", 3, "There is more text after the end of the JSON value."],
  ])("refuses %j at offset %i: %s", (text, offset, message) => {
    expect(parseJson(text)).toMatchObject({ faults: [{ offset, message }] });
  });
});
