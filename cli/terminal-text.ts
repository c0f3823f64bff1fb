/** Text measured and cut as a terminal shows it: Chinese characters and most emoji take two columns, accents none. */
import { stripVTControlCharacters } from "node:util";

/** How wide the lines of an answer may be: what is read by a program, or searched, is not broken. */
export const lineWidth = ({
  isTerminal,
  columns,
}: {
  readonly isTerminal: boolean;
  readonly columns: number;
}): number => (isTerminal ? Math.max(40, Math.min(columns, 120)) : Infinity);

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const widthless = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

const characterWidth = (character: string): number => (widthless.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** Columns that a text without control characters takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The same of a line that is coloured. */
export const colouredWidth = (line: string): number => displayWidth(stripVTControlCharacters(line));

/** The text, cut to at most `columns` with `…` at its end. */
export function cut(text: string, columns: number): string {
  return displayWidth(text) <= columns ? text : `${taken([...text], columns - 1)}…`;
}

/** The text, cut in its middle: of a file's name, beginning and ending matter most. */
export function cutMiddle(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const characters = [...text];
  const end = Math.floor((columns - 1) / 2);
  const tail = [...taken(characters.toReversed(), end)].reverse().join("");
  return `${taken(characters, columns - 1 - displayWidth(tail))}…${tail}`;
}

/** The text with blanks up to `columns`. */
export const padded = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - displayWidth(text)));

/**
 * Moves the cursor back over lines that were drawn, and clears the terminal from there. It may have become narrower since:
 * what was one line may be several by now.
 */
export function erasing(drawn: readonly string[], columns: number): string {
  const lines = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(colouredWidth(line) / columns)), 0);
  return lines > 0 ? `\u001b[${lines}A\u001b[0J` : "";
}

/** A sentence as lines of at most `columns`; a word that is longer stands on a line of its own, whole, to be copied. */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= columns)
      lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

const narrowest = 30;

/**
 * A sentence beside a label that may be coloured, as lines of at most `columns`: all begin in the same column, or below the
 * label where the room beside it is too narrow to be read, or for one of its words.
 */
export function beside(label: string, text: string, columns: number): readonly string[] {
  const indent = colouredWidth(label);
  const room = columns - indent;
  const isTooLong = (word: string): boolean => displayWidth(word) > room && displayWidth(word) <= columns - 6;
  if (room < narrowest || text.split(" ").some(isTooLong))
    return [label.trimEnd(), ...wrapped(text, columns - 6).map((line) => `      ${line}`)];
  return wrapped(text, room).map((line, index) => `${index === 0 ? label : " ".repeat(indent)}${line}`);
}

function taken(characters: readonly string[], columns: number): string {
  let width = 0;
  let text = "";
  for (const character of characters) {
    width += characterWidth(character);
    if (width > columns) break;
    text += character;
  }
  return text;
}
