/** `npm start`: sets up what is missing, then `corral serve` with the arguments given here, in this very process. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp();
const main = join(root, "dist", "src", "cli", "main.js");
process.argv.splice(1, 1, main, "serve");
await import(pathToFileURL(main).href);
