/** Holds answers to an OpenAPI document: that it has their path, status and media type, and that their body fits the schema. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApi } from '../../../src/api/openapi/document.ts';

/** An answer, and what it was asked by. */
export interface Answered {
  readonly method: string;
  /** without its query */
  readonly path: string;
  readonly status: number;
  readonly media: string | null;
  readonly text: string;
}

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

/** What a document says of each path, compiled when it is first asked for. */
export class Descriptions {
  readonly #document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = document;
    this.#ajv.addSchema({ $id: 'openapi', components: document.components });
  }

  /** @returns what the document does not allow, in words; undefined where all is as described */
  fault({ method, path, status, media, text }: Answered): string | undefined {
    const template = this.#templateOf(path);
    const said = template === undefined ? undefined : this.#document.paths[template];
    const operation = said?.[method.toLowerCase() as keyof typeof said] as
      | { readonly responses: Readonly<Record<string, Described>> }
      | undefined;
    if (!operation) return `${method} ${path} is not described`;
    const described = operation.responses[String(status)];
    const where = `${method} ${template} ${status}`;
    if (!described) return `${where} is not described`;
    if (text === '') return undefined;
    const name = (media ?? '').split(';')[0]!;
    const content = described.content?.[name];
    if (!content) return `${where} is not described as ${name}`;
    if (content.schema === undefined || !/json$/.test(name)) return undefined;
    const test = this.#testOf(content.schema);
    return test(JSON.parse(text)) ? undefined : `${where}: ${this.#ajv.errorsText(test.errors)}`;
  }

  /** The one with the fewest names in braces. */
  #templateOf(path: string): string | undefined {
    const fits = Object.keys(this.#document.paths).filter((template) =>
      new RegExp(`^${template.replaceAll(/[.$*]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
    return fits.toSorted((a, b) => a.split('{').length - b.split('{').length)[0];
  }

  #testOf(schema: object): ValidateFunction {
    let test = this.#compiled.get(schema);
    if (!test) {
      const text = JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/');
      test = this.#ajv.compile(JSON.parse(text) as object);
      this.#compiled.set(schema, test);
    }
    return test;
  }
}
