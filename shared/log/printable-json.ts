/** What JSON.stringify leaves as it is, but terminals and viewers act on or do not show. */
const disturbing = /[\u007f-\u009f\ufff9-\uffff\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * JSON in which text from outside stays text: beside what is below U+0020, C1 controls, line separators, direction marks
 * and other invisible characters are escaped too. It reads back as the very same value.
 */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(disturbing, (character) =>
    character.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
