// Judges edits of YAML (yaml) and of JSON and JSONC (jsonc-parser): one JSON object a
// line, a verdict a line.
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import * as jsonc from 'jsonc-parser'
import * as YAML from 'yaml'

function parse(format, text) {
  text = text.replace(/^\ufeff/, '')
  if (format === 'yaml') {
    const doc = YAML.parseDocument(text, { merge: true, uniqueKeys: false, logLevel: 'silent' })
    if (doc.errors.length > 0) throw doc.errors[0]
    return doc.toJS({ maxAliasCount: -1 })
  }
  const errors = []
  const value = jsonc.parse(text, errors, { allowTrailingComma: true })
  if (errors.length > 0) throw new Error(jsonc.printParseErrorCode(errors[0].error))
  return value
}

function carryOut(root, op) {
  let at = root
  for (const step of op.path.slice(0, -1)) at = at[step]
  const last = op.path.at(-1)
  if (at === null || typeof at !== 'object') throw new Error('no collection at the path')
  if (op.kind !== 'insert' && op.kind !== 'add' && !(last in at)) throw new Error('nothing at the path')
  if (op.kind === 'delete') {
    if (Array.isArray(at)) at.splice(last, 1)
    else delete at[last]
  } else if (op.kind === 'insert') at.splice(last, 0, op.value)
  else at[last] = op.value
}

let last = {} // a text is edited many times in a row

for await (const line of createInterface({ input: process.stdin })) {
  const op = JSON.parse(line)
  let want
  try {
    if (last.format !== op.format || last.text !== op.old) {
      last = { format: op.format, text: op.old, value: parse(op.format, op.old) }
    }
    want = unshare(last.value)
    carryOut(want, op)
  } catch (e) {
    console.log(JSON.stringify({ skip: String(e).slice(0, 200) }))
    continue
  }
  try {
    const got = unshare(parse(op.format, op.new))
    const ok = isDeepStrictEqual(want, got)
    console.log(JSON.stringify({ ok, why: ok ? '' : `want ${JSON.stringify(want)}, got ${JSON.stringify(got)}` }))
  } catch (e) {
    console.log(JSON.stringify({ ok: false, why: String(e) }))
  }
}

// unshare copies a value so that no two places share one.
function unshare(v) {
  if (Array.isArray(v)) return v.map(unshare)
  if (v !== null && typeof v === 'object' && Object.getPrototypeOf(v) === Object.prototype) {
    return Object.fromEntries(Object.entries(v).map(([k, e]) => [k, unshare(e)]))
  }
  return v
}
