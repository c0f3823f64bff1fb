/** Sizes as people read them: `2 GiB`, `512 MiB`, `1.5 KiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(value >= 100 || Number.isInteger(value) ? 0 : 1))} ${units[unit]}`;
}
