// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ConnCore
import ConnStore

/// Texts about one socket.
extension LiveLoop {
  /// Everything that is known of a life, and what there was like it before.
  func page(of life: Life) throws -> Page {
    let (subject, policy) = subject(life)
    let facts = DetailFacts(subject, surroundings.names, policy: policy, history: past?.history)
    return stamped(DetailPage.make(subject, facts, zone: surroundings.zone, width: state.size.columns))
  }

  /// What `explain` says of it.
  func explanation(of life: Life) throws -> Page {
    let (subject, policy) = subject(life)
    var known = SocketFacts(
      names: surroundings.names, policy: policy, ephemeral: ephemeral,
      past: past.map { PastIndex($0.history) })
    return stamped(
      try ExplainPage.make(subject, &known, zone: surroundings.zone, width: state.size.columns))
  }

  /// The page with the moment that it is of: it stays as it is while the clock above it goes on.
  private func stamped(_ page: Page) -> Page {
    let book = held ?? feed.read { book, _ in book }
    var page = page
    page.title += "  as of " + book.time.text(in: surroundings.zone, state.past == nil ? .short : .full)
    return page
  }

  /// Wraps the text that is shown anew, for a screen of another size.
  func wrapAgain() {
    guard let (shown, top) = state.page, let topic = state.topic else { return }
    attempt {
      let page =
        switch topic {
        case .keys: HelpPage.page(width: state.size.columns)
        case .detail(let life): try self.page(of: life)
        case .explanation(let life): try explanation(of: life)
        }
      // About where one was reading.
      let line = shown.lines.isEmpty ? 0 : top * page.lines.count / shown.lines.count
      state.page = (page, min(line, max(0, page.lines.count - state.pageRows.count)))
    }
  }

  private func subject(_ life: Life) -> (PageSubject, ListenerPolicy) {
    let book = held ?? feed.read { book, _ in book }
    let isGone = book.place(of: life.id).map { book.isGone[$0] } ?? true
    var subject = PageSubject(life, isGone ? .gone : state.past == nil ? .here : .then, at: book.time)
    if !isGone, state.past == nil, let sample = book.samples[life.netns] {
      for (index, row) in sample.rows.enumerated()
      where row.ends == life.ends && (row.inode == life.inode || row.inode == 0) {
        subject.queues = (row.receiveQueue, row.sendQueue)
        if index < sample.traffic.count { subject.traffic = sample.traffic[index] ?? subject.traffic }
        break
      }
      subject.isV6Only = sample.v6Only[life.inode]
    }
    subject.isElsewhere = life.netns != nil
    return (subject, ListenerPolicy(book.policy))
  }
}
