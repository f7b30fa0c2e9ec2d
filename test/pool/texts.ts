/**
 * Different texts for the echo model, the same at each run. Random letters: the model loses its place where about 14
 * bytes come twice.
 * @param bytes about how long each is
 */
export function randomTexts(count: number, bytes = 80): string[] {
  let state = 20_250_101;
  const random = (below: number): number => {
    // Numerical Recipes' generator; its upper bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const word = (): string => Array.from({ length: 3 + random(6) }, () => String.fromCharCode(97 + random(26))).join("");
  return Array.from({ length: count }, () => {
    let text = word();
    while (text.length < bytes) text += ` ${word()}`;
    return text;
  });
}
