import { chatglmRecipe } from "./chatglm/recipe.ts";
import { llamaRecipe } from "./llama/recipe.ts";
import type { Engine } from "./options.ts";
import type { Recipe } from "./recipe.ts";

export const recipes: Readonly<Record<Engine, Recipe>> = { llama: llamaRecipe, chatglm: chatglmRecipe };
