/**
 * Reads MusicXML, partwise or timewise, as a stream without building a document tree. saxes checks
 * that the XML is well-formed and never expands declared entities; a document that declares any is
 * refused.
 */
import { SaxesParser } from 'saxes';
import type { Score } from '../../model/score.ts';
import { finishScore } from '../../model/score-assembly.ts';
import { ScoreBuilder } from '../../model/score-builder.ts';
import { malformed, type ScoreLimits, tooLarge, unsupported } from '../../model/score-limits.ts';
import { closeOpenEndings } from './musicxml-barlines.ts';
import { finishMarks } from './musicxml-directions.ts';
import { documentElement } from './musicxml-document.ts';
import { createState, type ElementNode, type MusicxmlState, type XmlAttributes } from './musicxml-state.ts';

export class MusicxmlReader {
  readonly #parser = new SaxesParser();
  readonly #builder: ScoreBuilder;
  readonly #state: MusicxmlState;
  readonly #limits: ScoreLimits;
  /** Characters since the parser last reported anything. */
  #silent = 0;

  constructor(limits: ScoreLimits) {
    this.#limits = limits;
    this.#builder = new ScoreBuilder(limits);
    this.#state = createState(this.#builder);
    this.#registerHandlers();
  }

  write(text: string): void {
    this.#parser.write(text);
    this.#silent += text.length;
    if (this.#silent > this.#limits.maxTextLength + text.length) {
      throw tooLarge('a text, comment or attribute', this.#limits.maxTextLength);
    }
  }

  end(): Score {
    this.#parser.close();
    closeOpenEndings(this.#state);
    finishMarks(this.#state);
    return finishScore(this.#builder);
  }

  /**
   * Registers at most six handlers. With more, V8 turns the parser into a dictionary-mode object,
   * and parsing takes six times as long.
   */
  #registerHandlers(): void {
    const parser = this.#parser;
    const state = this.#state;
    const { maxDepth } = this.#limits;
    const path: ElementNode[] = [];
    let node: ElementNode = documentElement;
    let skipped = 0;
    let text = '';
    parser.on('opentag', (tag) => {
      this.#silent = 0;
      this.#checkAttributes(tag.attributes);
      const child = skipped === 0 ? node.children?.get(tag.name) : undefined;
      if (child === undefined) {
        if (path.length === 0) throw unsupported(`the document is a <${tag.name.slice(0, 64)}>, not a MusicXML score`);
        if (++skipped + path.length > maxDepth) throw tooLarge('the depth of elements', maxDepth);
        return;
      }
      path.push(node);
      node = child;
      text = '';
      child.open?.(state, tag.attributes);
    });
    parser.on('closetag', () => {
      this.#silent = 0;
      if (skipped > 0) {
        skipped--;
        return;
      }
      node.close?.(state, text);
      node = path.pop() ?? documentElement;
    });
    const addText = (piece: string) => {
      this.#silent = 0;
      if (skipped > 0 || node.text !== true) return;
      text = text === '' ? piece : text + piece;
      if (text.length > this.#limits.maxTextLength) throw tooLarge('a text', this.#limits.maxTextLength);
    };
    parser.on('text', addText);
    parser.on('cdata', addText);
    parser.on('doctype', (doctype) => {
      this.#silent = 0;
      if (doctype.includes('<!ENTITY')) throw malformed('entity declarations are not allowed');
    });
    parser.on('error', (error) => {
      throw malformed(`not well-formed XML: ${error.message.slice(0, 200)}`, error);
    });
  }

  #checkAttributes(attributes: XmlAttributes): void {
    const { maxAttributesPerElement, maxAttributeLength } = this.#limits;
    let count = 0;
    for (const name in attributes) {
      if (++count > maxAttributesPerElement) throw tooLarge('attributes of an element', maxAttributesPerElement);
      const length = attributes[name]?.length ?? 0;
      if (length > maxAttributeLength) throw tooLarge('the length of an attribute', maxAttributeLength);
    }
  }
}
