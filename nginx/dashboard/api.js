// SPDX-License-Identifier: Apache-2.0
// Everything that goes over the wire.  The token lives in this tab's session storage, travels in one header
// and nowhere else; answers are kept with their ETag so that an unchanged page costs a 304.
import { useLayoutEffect, useRef, useState } from './vendor/htm-preact-3.1.1.js'

const BASE = new URL('api/v1', document.baseURI).href
const TOKEN = 'license-bridge-token'
const KEPT = 40

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`)
    this.status = status
    this.problem = problem
  }
}

const kept = new Map() // address → { etag, data }, the oldest first

export const token = {
  get: () => sessionStorage.getItem(TOKEN) || '',
  set: (value) => sessionStorage.setItem(TOKEN, value),
  drop() {
    sessionStorage.removeItem(TOKEN)
    kept.clear()
  },
}

const listeners = new Set()
/** Calls fn when the server no longer takes our token. */
export function onRejected(fn) {
  listeners.add(fn)
  return () => listeners.delete(fn)
}

function keep(address, etag, data) {
  kept.delete(address)
  kept.set(address, { etag, data })
  if (kept.size > KEPT) kept.delete(kept.keys().next().value)
}

export function address(path, params) {
  const given = Object.entries(params || {}).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return BASE + path + (given.length ? '?' + new URLSearchParams(given) : '')
}

async function problemOf(response) {
  try {
    return await response.json()
  } catch {
    return { title: response.statusText || 'no answer that we understand', status: response.status }
  }
}

async function send(url, options) {
  const headers = { Authorization: `Bearer ${token.get()}`, ...options.headers }
  const response = await fetch(url, { ...options, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' })
  if (response.status === 401) listeners.forEach((fn) => fn())
  if (!response.ok && response.status !== 304) throw new ApiError(response.status, await problemOf(response))
  return response
}

export async function get(path, params, signal) {
  const url = address(path, params)
  const known = kept.get(url)
  const response = await send(url, { signal, headers: known ? { 'If-None-Match': known.etag } : {} })
  if (response.status === 304) return known.data
  const data = await response.json()
  const etag = response.headers.get('ETag')
  if (etag) keep(url, etag, data)
  return data
}

export async function post(path, body) {
  const response = await send(BASE + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  kept.clear()
  return response.json()
}

/** The list as CSV, handed to the browser as a file: a plain link could not carry the token. */
export async function download(path, params, name) {
  const response = await send(address(path, { ...params, format: 'csv', limit: 10000 }), { headers: { Accept: 'text/csv' } })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

let paused = false
const wakers = new Set()
export const live = {
  isPaused: () => paused,
  pause(value) {
    paused = value
    if (!paused) wakers.forEach((fn) => fn())
  },
  refresh: () => wakers.forEach((fn) => fn()),
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !paused) wakers.forEach((fn) => fn())
})

/** Reads path now and every seconds; stands still while the tab is hidden or the reader paused it.  After an
 *  error it keeps what it had, says so, and asks less and less often. */
export function useLive(path, params, seconds = 5) {
  const [state, set] = useState({ data: null, error: null, at: 0, key: '' })
  const key = path === null ? '' : address(path, params)
  const failures = useRef(0)
  // Before the frame, not behind it: what was clicked on is asked for at once.
  useLayoutEffect(() => {
    if (key === '') return undefined
    let timer = 0
    let stop = new AbortController()
    failures.current = 0
    const again = () => {
      clearTimeout(timer)
      timer = setTimeout(tick, Math.min(60, seconds * 2 ** failures.current) * 1000)
    }
    const load = async () => {
      stop.abort()
      stop = new AbortController()
      const { signal } = stop
      try {
        const data = await get(path, params, signal)
        failures.current = 0
        set((old) => (old.data === data && old.key === key && !old.error ? { ...old, at: Date.now() } : { data, error: null, at: Date.now(), key }))
      } catch (error) {
        if (signal.aborted) return
        failures.current = Math.min(failures.current + 1, 6)
        set((old) => ({ ...old, data: old.key === key ? old.data : null, error, key }))
      }
      again()
    }
    const tick = () => (document.hidden || paused ? again() : load())
    wakers.add(load)
    load()
    return () => {
      wakers.delete(load)
      clearTimeout(timer)
      stop.abort()
    }
  }, [key, seconds])
  const fresh = state.key === key
  return { data: fresh ? state.data : null, error: fresh ? state.error : null, at: state.at, loading: !fresh || (!state.data && !state.error) }
}
