export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** A chat whose right answer is its last message, word for word. */
export interface EchoCase {
  readonly name: string;
  readonly messages: readonly Message[];
}

/**
 * What the echo model is asked. No text repeats a run of 14 bytes, where the model may lose its place, and none begins
 * or ends with a blank. Every byte counts: a wrong slot, a stale prefix or one overflown sum shows as another text.
 */
export const ECHO_CASES: readonly EchoCase[] = [
  said("random words", "velvet harbour eleven squirrels borrow quiet lanterns under marble thunder, twice a week"),
  said("more words", "Ochre gravel hums; nobody folds the seventh umbrella before Thursday's brass orchard wakes up."),
  said("Chinese", "山谷里的木匠昨天修好了三把旧椅子,然后给远方的朋友写了一封短信。"),
  said("Russian", "Старый мельник чинит лодку, пока дети ищут медный ключ в высокой траве у реки."),
  said("emoji", "🦉🌧️ zwölf Äpfel → 3½ Körbe 🧺, fin! 👩‍🚀🇨🇭"),
  said(
    "code",
    "for (let i = 0; i < rows.length; i++) {\n\tif (rows[i].id !== wanted) continue;\n\treturn rows[i]?.next ?? null;\n}",
  ),
  said("JSON", '{"city":"Bern","pop":134591,"tags":["old","hilly"],"at":{"lat":46.948,"lon":7.4474},"z":null}'),
  said("digits", "31415926 53589793 23846264 33832795 02884197 16939937"),
  {
    name: "chat of five turns",
    messages: [
      { role: "user", content: "How many ferries cross at dawn?" },
      { role: "assistant", content: "Four, unless fog keeps two of them moored." },
      { role: "user", content: "Who rings the copper bell then?" },
      { role: "assistant", content: "Whoever slept on the jetty." },
      { role: "user", content: "Good. Tell her that plum jam, nine eggs and a blue kettle wait upstairs." },
    ],
  },
];

function said(name: string, content: string): EchoCase {
  return { name, messages: [{ role: "user", content }] };
}

/** The last message. */
export function rightAnswer({ messages }: EchoCase): string {
  return messages.at(-1)?.content ?? "";
}
