import { NO_PROMPT, type Prompt } from "./ask.ts";

/** How much of which prompt is held: by a slot, or by an entry of a prompt cache. */
export interface Held {
  prompt: Prompt;
  /** Its links that are held. */
  links: number;
  /** Held, its answer included. */
  tokens: number;
}

export type Content = Pick<Held, "prompt" | "links">;

export function holdingNothing(): Held {
  return { prompt: NO_PROMPT, links: 0, tokens: 0 };
}

export function contains(content: Content, prompt: Prompt, links: number): boolean {
  return sharedLinks(content, prompt) >= links;
}

export function sharedTokens(content: Content, prompt: Prompt): number {
  const links = sharedLinks(content, prompt);
  return links === 0 ? 0 : (prompt.depths[links - 1] ?? 0);
}

/** Whether it shares more than so many tokens: one look at the link that these end in, which costs less than counting. */
export function sharesMore({ prompt: held, links }: Content, prompt: Prompt, tokens: number): boolean {
  const beyond = linksWithin(prompt, tokens);
  return beyond < Math.min(links, prompt.links.length) && held.links[beyond] === prompt.links[beyond];
}

/** By halving: links are cumulative. */
export function sharedLinks({ prompt: held, links }: Content, prompt: Prompt): number {
  let same = 0;
  let other = Math.min(links, prompt.links.length) + 1;
  while (other - same > 1) {
    const middle = (same + other) >> 1;
    if (held.links[middle - 1] === prompt.links[middle - 1]) same = middle;
    else other = middle;
  }
  return same;
}

/** How many of its first links so many tokens fill. */
export function linksWithin({ depths }: Prompt, tokens: number): number {
  let within = -1;
  let beyond = depths.length;
  while (beyond - within > 1) {
    const middle = (within + beyond) >> 1;
    if ((depths[middle] as number) > tokens) beyond = middle;
    else within = middle;
  }
  return beyond;
}
