import type { MarkedToken, Token } from "marked";
import { createElement, Fragment, memo, type ReactNode, useMemo, useState } from "react";

import { count } from "../../lib/format";
import { t } from "../../lib/strings";

import { CodeBlock } from "./CodeBlock";
import { GrowingBlocks, readBlocks } from "./blocks";
import { safeHref } from "./links";

interface Props {
  text: string;
  /** The text still grows. */
  live?: boolean;
  /** What stands right behind the last word. */
  after?: ReactNode;
}

/** The deepest heading of a card is an h3, so that an answer's begin at h4. */
const HEADINGS_BELOW = 3;
/** What is nested deeper is shown as it was written. */
const DEEPEST = 24;
/** What follows is not shown: nobody reads it here, and the page would stand still. */
const LONGEST_SHOWN = 200_000;

/**
 * An agent's words. Markdown becomes elements, never HTML: markup in the text is shown as text,
 * links go to web and mail addresses only, images are links that name their host.
 */
export function Markdown({ text, live = false, after }: Props) {
  const [growing] = useState(() => new GrowingBlocks());
  const shown = text.length > LONGEST_SHOWN ? text.slice(0, LONGEST_SHOWN) : text;
  const blocks = useMemo(
    () =>
      (live ? growing.read(shown) : readBlocks(shown)).filter((block) => block.type !== "space"),
    [growing, live, shown],
  );
  return (
    <div className="prose">
      {blocks.map((block, index) => (
        <Block
          key={index}
          raw={block.raw}
          block={block}
          after={index === blocks.length - 1 ? after : undefined}
        />
      ))}
      {blocks.length === 0 && after && <p>{after}</p>}
      {text.length > shown.length && (
        <p className="text-12 text-fg-3">{t.markdown.cut(count(text.length - shown.length))}</p>
      )}
    </div>
  );
}

/** Drawn again only when its own text changes: `raw` says all that `block` does. */
const Block = memo(
  function Block({ block, after }: { raw: string; block: Token; after: ReactNode }) {
    return renderBlock(block, 0, after);
  },
  (before, now) =>
    before.raw === now.raw && before.block.type === now.block.type && before.after === now.after,
);

function renderBlocks(blocks: Token[], depth: number): ReactNode[] {
  return blocks.map((block, key) => <Fragment key={key}>{renderBlock(block, depth)}</Fragment>);
}

function renderBlock(token: Token, depth: number, after?: ReactNode): ReactNode {
  if (depth > DEEPEST) return token.raw;
  const block = token as MarkedToken;
  switch (block.type) {
    case "space":
    case "def":
      return null;
    case "paragraph":
      return (
        <p>
          {renderInline(block.tokens, depth)}
          {after}
        </p>
      );
    case "text":
      return (
        <>
          {block.tokens ? renderInline(block.tokens, depth) : block.text}
          {after}
        </>
      );
    case "heading": {
      const level = Math.min(block.depth + HEADINGS_BELOW, 6);
      return createElement(`h${level}`, null, ...renderInline(block.tokens, depth), after);
    }
    case "code":
      return (
        <>
          <CodeBlock
            code={block.text}
            language={(block.lang ?? "").trim().split(/\s/)[0] ?? ""}
            closed={block.codeBlockStyle === "indented" || isClosed(block.raw)}
          />
          {after}
        </>
      );
    case "blockquote":
      return (
        <blockquote>
          {renderBlocks(block.tokens, depth + 1)}
          {after}
        </blockquote>
      );
    case "list": {
      const items = block.items.map((item, index) => (
        <li key={index}>
          {renderBlocks(item.tokens, depth + 1)}
          {index === block.items.length - 1 && after}
        </li>
      ));
      return block.ordered ? (
        <ol start={block.start === "" ? undefined : block.start}>{items}</ol>
      ) : (
        <ul>{items}</ul>
      );
    }
    case "table":
      return (
        <div className="wide">
          <table>
            <thead>
              <tr>
                {block.header.map((cell, index) => (
                  <th key={index} scope="col">
                    {renderInline(cell.tokens, depth)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column}>{renderInline(cell.tokens, depth)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {after}
        </div>
      );
    case "hr":
      return <hr />;
    case "checkbox":
      return <Tick done={block.checked} />;
    default:
      return (
        <p className="whitespace-pre-wrap">
          {token.raw}
          {after}
        </p>
      );
  }
}

function renderInline(tokens: Token[] | undefined, depth: number): ReactNode[] {
  return (tokens ?? []).map((token, key) => (
    <Fragment key={key}>{renderSpan(token, depth + 1)}</Fragment>
  ));
}

function renderSpan(token: Token, depth: number): ReactNode {
  if (depth > DEEPEST) return token.raw;
  const span = token as MarkedToken;
  switch (span.type) {
    case "text":
      return span.tokens ? renderInline(span.tokens, depth) : unescapeEntities(span.text);
    case "escape":
      return span.text;
    case "strong":
      return <strong>{renderInline(span.tokens, depth)}</strong>;
    case "em":
      return <em>{renderInline(span.tokens, depth)}</em>;
    case "del":
      return <del>{renderInline(span.tokens, depth)}</del>;
    case "codespan":
      return <code>{span.text}</code>;
    case "br":
      return <br />;
    case "link":
      return (
        <Link href={span.href} title={span.title}>
          {renderInline(span.tokens, depth)}
        </Link>
      );
    case "checkbox":
      return <Tick done={span.checked} />;
    case "image":
      return <ImageLink href={span.href} alt={span.text} />;
    default:
      return token.raw;
  }
}

function Tick({ done }: { done: boolean }) {
  return (
    <input
      type="checkbox"
      className="mr-1.5"
      aria-label={t.markdown.task(done)}
      checked={done}
      disabled
      readOnly
    />
  );
}

function Link(props: { href: string; title?: string | null; children: ReactNode }) {
  const url = safeHref(props.href);
  if (!url) return props.children;
  return (
    <a href={url.href} title={props.title ?? url.href} target="_blank" rel="noopener noreferrer">
      {props.children}
    </a>
  );
}

/** Loading an image would tell its host who reads: a link that names the host stands for it. */
function ImageLink({ href, alt }: { href: string; alt: string }) {
  const url = safeHref(href);
  if (!url?.host) return <span>{t.markdown.imageBroken(alt)}</span>;
  return <Link href={href}>{t.markdown.image(alt, url.host)}</Link>;
}

/** Whether a fenced block has its closing fence. */
function isClosed(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  return fence !== undefined && new RegExp(`\\n {0,3}${fence}\\s*$`).test(raw);
}

const ENTITIES: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&nbsp;": " ",
};

/** Markdown's few usual entities as characters; React escapes what it shows. */
function unescapeEntities(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity] ?? entity);
}
