const namePattern = /^[A-Za-z\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff.:_-]*$/;
const maxNameLength = 128;

/** What ECS would refuse about an image name, in one sentence; undefined when it is good. Rules: ImportImage's ImageName. */
export function imageNameFault(name: string): string | undefined {
  if (name.length < 2 || name.length > maxNameLength)
    return `An image name has 2 to ${maxNameLength} characters, not ${name.length}.`;
  if (/https?:\/\//.test(name)) return "An image name cannot contain http:// or https://.";
  if (/^(?:aliyun|acs:)/.test(name)) return "An image name cannot start with aliyun or acs:.";
  if (!/^[A-Za-z\u4e00-\u9fff]/.test(name)) return "An image name starts with a letter or a Chinese character.";
  if (!namePattern.test(name)) {
    return "An image name has only letters, Chinese characters, digits, periods, colons, underscores and hyphens.";
  }
  return undefined;
}

/** What ECS would refuse about a description. Rules: ImportImage's Description; control characters are ours. */
export function descriptionFault(description: string): string | undefined {
  if (description.length < 2 || description.length > 256) {
    return `A description has 2 to 256 characters, not ${description.length}.`;
  }
  if (/^https?:\/\//.test(description)) return "A description cannot start with http:// or https://.";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(description)) return "A description cannot contain control characters.";
  return undefined;
}

/**
 * Makes an image name of any text: what is not allowed becomes `-`, and a name that would start wrongly gets `image-` in
 * front. Of a text that is too long the start and the end stay, since the end tells versions apart.
 */
export function validImageName(text: string): string {
  const allowed = text.slice(0, 4096).replace(/[^A-Za-z0-9\u4e00-\u9fff.:_-]+/g, "-");
  const startsWell =
    /^[A-Za-z\u4e00-\u9fff]/.test(allowed) && !/^(?:aliyun|acs:)/i.test(allowed) && allowed.length >= 2;
  const name = startsWell ? allowed : `image-${allowed.replace(/^-+/, "")}`;
  if (name.length <= maxNameLength) return name;
  return `${name.slice(0, 90)}-${name.slice(91 - maxNameLength)}`;
}
