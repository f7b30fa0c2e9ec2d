/** Two models behind one object, the second one loaded when it is asked for: node dist/examples/many-models.js */
import { createCorral } from "corral";

await using corral = await createCorral({
  models: {
    first: { source: "echo", aliases: ["gpt-4o-mini"] },
    second: { source: "echo", start: "lazy" },
  },
});
for (const model of ["gpt-4o-mini", "second"]) {
  const { choices } = await corral.chat({ model, messages: [{ role: "user", content: `hello ${model}` }] });
  console.log(choices[0]?.message.content);
}
