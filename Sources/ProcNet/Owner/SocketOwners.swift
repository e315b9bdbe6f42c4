// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

public import ConnCore
import Glibc

/// Finds which processes hold sockets, by their inodes, in the descriptors under /proc.
///
/// One object serves many look-ups and keeps what it learnt of the processes, never what it learnt of a socket's
/// owner: an inode that is asked for again is looked up afresh, since the kernel may have given it to another
/// socket. What is kept is bounded by the processes and sockets that there are. Answers are those of the latest
/// look-up. It is not safe to use from two threads at once.
///
/// A process is told from another with its pid by its start time. It is read while its directory is held
/// open, so that name and sockets are of the same process.
public final class SocketOwners {
  private let path: String
  private let effectiveUID: UInt32
  private var table = ProcessTable()
  private var search = SocketSearch()
  private var machine: Machine?
  private var rootFailed = false
  private var sawFirstProcess = false
  private var ownRefused: Bool?
  private var seen: OwnerVisibility?
  /// Wanted sockets without a holder for which not every process has been read whole yet, with the look-up that they
  /// were first wanted in and the one that asked last.
  private var searched: [UInt64: (since: UInt64, asked: UInt64)] = [:]
  private var looks: SearchCredit
  private var rereads: SearchCredit

  /// What is read once: it does not change while we run.
  private struct Machine {
    var inInitialPIDNamespace: Bool
    var hidesProcesses: Bool
  }

  /// The inode of the first pid namespace, PROC_PID_INIT_INO of the kernel's proc_ns.h.
  static let initialPIDNamespace = "pid:[4026531836]"

  /// Makes an object that knows nothing yet.
  ///
  /// - Parameter effectiveUID: who we are, for telling our own sockets from others'; geteuid(2) unless given.
  public convenience init(root: ProcRoot = ProcRoot(), effectiveUID: UInt32? = nil) {
    self.init(root: root, effectiveUID: effectiveUID, credit: SearchCredit())
  }

  init(root: ProcRoot, effectiveUID: UInt32? = nil, credit: SearchCredit) {
    path = root.path
    looks = credit
    rereads = SearchCredit(most: credit.most, first: credit.first / 4, again: credit.again)
    self.effectiveUID = effectiveUID ?? geteuid()
  }

  // MARK: Looking up

  /// Looks at every process: oldest holders and counts of others are exact.
  ///
  /// For one look-up of many sockets. It takes one readlinkat(2) for each descriptor of the machine.
  public func lookUp(_ wanted: [WantedSocket]) {
    search.begin(wanted, among: [])
    guard search.missing > 0, let root = openRoot() else { return }
    listProcesses(root)
    for slot in table.records.indices {
      search.look(.once, into: &table.records[slot], root: root.descriptor)
    }
    for slot in table.records.indices
    where search.missing > 0 && table.records[slot].leftOutAt == search.lookUp {
      search.look(.leftOut, into: &table.records[slot], root: root.descriptor)
    }
    search.noteWhole()
  }

  /// Looks at as few processes as it takes, for a few new sockets among many that are known.
  ///
  /// First at processes that are new, then at recent holders of wanted sockets, the latest first, then at those whose
  /// number of descriptors is another one, and then at the rest, until each wanted socket has a holder. The ancestors
  /// and children of every holder are looked at as well where they could have shared the socket through fork(2), so
  /// the oldest holder is right then, as long as each socket is asked for when it is new. A process further away that
  /// shares a connection (by SCM_RIGHTS, or a child whose parent has ended) is not counted. Descriptors known to be a
  /// socket that is alive and not wanted are left out, and read only where something is still missing. Every process
  /// is looked at if a listener is wanted.
  ///
  /// What is spent on the rest is bounded (``SearchCredit``). Where that does not do, the search goes on with the next
  /// look-up, at the processes that were not looked at for the longest time: ask again for sockets that are still
  /// there, as long as ``isSearching(for:)``.
  ///
  /// - Parameter rows: every socket that is alive.
  public func lookUp(_ wanted: [WantedSocket], among rows: [SocketRow]) {
    // Nothing wanted: not even the table of what is alive is made.
    if wanted.isEmpty {
      search.begin([], among: [])
      return
    }
    search.begin(wanted, among: rows)
    let isAgain = !searched.isEmpty && wanted.contains { searched[$0.inode] != nil }
    looks.begin(isAgain: isAgain)
    rereads.begin(isAgain: isAgain)
    defer { noteSearched(wanted) }
    guard search.missing > 0, let root = openRoot() else { return }
    listProcesses(root)
    let lookUp = search.lookUp
    if search.wantsListener {
      for slot in table.records.indices { lookOnce(slot, root, .full) }
    } else {
      let order = likelyOrder()
      for slot in order.likely where search.missing > 0 { lookOnce(slot, root) }
      for slot in order.rest where search.missing > 0 {
        if search.hasOtherCount(table.records[slot], root: root.descriptor) { lookOnce(slot, root) }
      }
      // A socket may have taken the descriptor of one that was closed while the rows were read: that one is believed to
      // be alive, and was left out. It is likely where the other new ones are.
      lookAtLeftOut(root) { $0.foundAt == lookUp }
      lookAtRest(order.rest, root)
      lookAtLeftOut(root) { _ in true }
      if search.missing == 0 { lookAtFamilies(root) }
    }
    if !table.records.contains(where: { $0.lookedAt != lookUp && !$0.neverHolds }) { search.noteWhole() }
  }

  /// Looks at processes that are not likely to hold anything that is wanted, as far as the credit goes.
  private func lookAtRest(_ slots: [Int], _ root: OpenRoot) {
    for slot in slots where search.missing > 0 && table.records[slot].lookedAt != search.lookUp {
      guard looks.allows(8) else { return }
      let before = search.work
      lookOnce(slot, root)
      looks.spend(search.work - before)
    }
  }

  /// As long as something is missing and the credit goes, reads the descriptors that the first look of this look-up left
  /// out; those first that were not read for the longest time.
  private func lookAtLeftOut(_ root: OpenRoot, where isLikely: (ProcessRecord) -> Bool) {
    if search.missing == 0 { return }
    var slots = table.records.indices.filter {
      table.records[$0].leftOutAt == search.lookUp && isLikely(table.records[$0])
    }
    slots.sort { [records = table.records] in records[$0].readWholeAt < records[$1].readWholeAt }
    for slot in slots where search.missing > 0 {
      guard rereads.allows(table.records[slot].descriptors) else { return }
      let before = search.work
      search.look(.leftOut, into: &table.records[slot], root: root.descriptor)
      rereads.spend(search.work - before)
    }
  }

  /// The earliest look-up since which every process was read whole.
  private var readWholeSince: UInt64 {
    return table.records.lazy.filter { !$0.neverHolds }.map(\.readWholeAt).min() ?? search.lookUp
  }

  /// Notes which wanted sockets the search goes on for.
  private func noteSearched(_ wanted: [WantedSocket]) {
    let lookUp = search.lookUp
    if !searched.isEmpty || search.missing > 0 {
      let whole = rootFailed || search.missing == 0 ? .max : readWholeSince
      for socket in wanted where socket.inode != 0 {
        let since = searched[socket.inode]?.since ?? lookUp
        let goesOn = since > whole && search.finding(of: socket.inode)?.oldest == -1
        searched[socket.inode] = goesOn ? (since, lookUp) : nil
      }
    }
    // Those that nobody asks for any more are gone.
    if lookUp % Self.patience == 0 { searched = searched.filter { $0.value.asked + Self.patience > lookUp } }
  }

  /// Look-ups after which a socket that was not asked for is gone: each network namespace makes one of its own.
  private static let patience: UInt64 = 1024

  /// True where a wanted socket has no holder yet, and not every process could be looked at in one look-up: that there
  /// is none is known when it was asked for often enough.
  public func isSearching(for inode: UInt64) -> Bool {
    // Of this look-up only, as all answers are.
    searched[inode].map { $0.asked == search.lookUp } ?? false
  }

  /// Opens the directory of processes. Where that fails, everything wanted stays without an answer.
  private func openRoot() -> OpenRoot? {
    ownRefused = nil
    seen = nil
    do throws(SystemCallError) {
      let root = OpenRoot(directory: try ProcDirectory(path))
      rootFailed = false
      search.isRealProc = root.directory.isRealProc
      if machine == nil { machine = readMachine(root.descriptor) }
      return root
    } catch {
      rootFailed = true
      return nil
    }
  }

  /// Brings the table of processes up to date. A listing that fails half-way leaves a failure to be counted.
  private func listProcesses(_ root: OpenRoot) {
    sawFirstProcess = false
    do throws(SystemCallError) {
      while let entry = try root.directory.nextNumbered() {
        guard let pid = Int32(exactly: entry.number), pid > 0 else { continue }
        if pid == 1 { sawFirstProcess = true }
        table.list(pid: pid, directoryInode: entry.inode, at: search.lookUp)
      }
    } catch {
      rootFailed = true
    }
    table.dropUnlisted(at: search.lookUp)
  }

  private func lookOnce(_ slot: Int, _ root: OpenRoot, _ look: SocketSearch.Look = .fresh) {
    if table.records[slot].lookedAt == search.lookUp { return }
    search.look(look, into: &table.records[slot], root: root.descriptor)
  }

  /// Look-ups for which a process that held something wanted is likely to hold the next.
  private static let recent: UInt64 = 16

  /// New processes, then recent holders, the latest first; and the rest, first what was not looked at for the longest
  /// time.
  private func likelyOrder() -> (likely: [Int], rest: [Int]) {
    var new: [Int] = []
    var holders: [Int] = []
    var rest: [Int] = []
    for (slot, record) in table.records.enumerated() {
      if record.lookedAt == 0 {
        new.append(slot)
      } else if record.foundAt > 0, record.foundAt + Self.recent > search.lookUp {
        holders.append(slot)
      } else {
        rest.append(slot)
      }
    }
    holders.sort { [records = table.records] in records[$0].foundAt > records[$1].foundAt }
    rest.sort { [records = table.records] in records[$0].lookedAt < records[$1].lookedAt }
    return (new + holders, rest)
  }

  /// Looks at processes that could share a socket with its holder through fork(2).
  ///
  /// Only a process that is younger than the socket can have inherited it. So children are looked at where they are
  /// new, and a parent where its child is: a holder that was there before the socket opened it.
  private func lookAtFamilies(_ root: OpenRoot) {
    let lookUp = search.lookUp
    var known = -1
    // Ends: each turn needs a holder more than the last one.
    while search.holders.count > known {
      known = search.holders.count
      for slot in table.records.indices where isNew(slot) {
        let parent = search.parent(of: &table.records[slot], root: root.descriptor)
        guard let parentSlot = table.slots[parent] else { continue }
        if table.records[parentSlot].foundAt == lookUp {
          lookOnce(slot, root)
        } else if table.records[slot].foundAt == lookUp {
          lookAtAncestors(parentSlot, root)
        }
      }
    }
  }

  private func lookAtAncestors(_ first: Int, _ root: OpenRoot) {
    var slot = first
    // Parents are read at different moments, and pids are given again: no chain is believed for ever.
    for _ in 0..<64 {
      lookOnce(slot, root)
      guard isNew(slot) else { return }
      let parent = search.parent(of: &table.records[slot], root: root.descriptor)
      guard let next = table.slots[parent] else { return }
      slot = next
    }
  }

  /// True where a process may be younger than a socket that is new: one look-up more, since sockets are read before
  /// processes are listed.
  private func isNew(_ slot: Int) -> Bool { table.records[slot].firstListedAt + 1 >= search.lookUp }

  // MARK: Answers

  /// The holder of a wanted socket; nil where none was found or it was not asked for.
  public func owner(of inode: UInt64) -> SocketOwner? {
    guard let finding = search.finding(of: inode), finding.oldest >= 0 else { return nil }
    return SocketOwner(process: search.holders[Int(finding.oldest)], others: Int(finding.holders) - 1)
  }

  /// The holder of a socket, or why there is none.
  ///
  /// ``SocketOwner/notLookedUp`` where its inode was not asked for, or where reading failed. As long as the search goes
  /// on, ``SocketOwner/isSearchedFor`` says so, and the reason is that of a socket which will be gone.
  ///
  /// - Parameter queues: the listeners of the same sample.
  /// - Parameter stillThere: the socket was there, with the same inode, when looked at again after the look-up. It
  ///   matters only where ``needsSecondLook(_:)``.
  public func owner(of row: SocketRow, queues: AcceptQueues, stillThere: Bool = false) -> SocketOwner {
    if row.inode != 0 {
      guard let finding = search.finding(of: row.inode) else { return .notLookedUp }
      if finding.oldest >= 0 {
        return SocketOwner(process: search.holders[Int(finding.oldest)], others: Int(finding.holders) - 1)
      }
    }
    var facts = facts(of: row)
    facts.listenerHasQueue = row.inode == 0 && queues.mayHold(row)
    let isSearching = isSearching(for: row.inode)
    var owner =
      facts.whyUnknown(stillThere: stillThere && !isSearching).map { SocketOwner(unknown: $0) }
      ?? .notLookedUp
    owner.isSearchedFor = isSearching
    return owner
  }

  /// True where a wanted socket has no holder and only a second look at the socket tables can tell why.
  public func needsSecondLook(_ row: SocketRow) -> Bool {
    guard let finding = search.finding(of: row.inode), finding.oldest < 0 else { return false }
    return facts(of: row).needsSecondLook
  }

  /// How much of the processes could be seen.
  public var visibility: OwnerVisibility {
    if let seen { return seen }
    var visibility = OwnerVisibility()
    visibility.processes = table.records.count
    visibility.refused = table.records.count { $0.isRefused }
    visibility.failed = table.records.count { $0.isFailed } + (rootFailed ? 1 : 0)
    // Only a table that was read whole says that pid 1 is not in it.
    visibility.hidden = machine?.hidesProcesses == true || (machine != nil && !rootFailed && !sawFirstProcess)
    seen = visibility
    return visibility
  }

  /// What the latest look-up read.
  public var statistics: OwnerScanStatistics { search.statistics }

  private func facts(of row: SocketRow) -> UnknownOwnerFacts {
    var facts = UnknownOwnerFacts(
      state: row.state, inode: row.inode, uid: row.uid, effectiveUID: effectiveUID)
    if row.inode == 0 { return facts }
    let visibility = visibility
    facts.someRefused = visibility.refused > 0
    facts.someFailed = visibility.failed > 0
    facts.pidsHidden = visibility.hidden
    facts.inInitialPIDNamespace = machine?.inInitialPIDNamespace ?? true
    if row.uid == effectiveUID, facts.someRefused { facts.ownRefused = someOwnRefused() }
    return facts
  }

  /// True where a process of our own user was refused: one that may not be dumped (prctl(2)). Found out only when it
  /// matters, once a look-up. Zombies are refused as well, and hold nothing.
  private func someOwnRefused() -> Bool {
    if let ownRefused { return ownRefused }
    var found = false
    if let root = try? OpenRoot(directory: ProcDirectory(path)) {
      found = table.records.contains { record in
        guard record.isRefused, let status = search.status(of: record.pid, root: root.descriptor) else {
          return false
        }
        return status.effectiveUID == effectiveUID && status.state != UInt8(ascii: "Z")
      }
    }
    ownRefused = found
    return found
  }

  /// Reads what never changes. A kernel without pid namespaces has no such link.
  private func readMachine(_ root: CInt) -> Machine {
    let namespace = search.link("self/ns/pid", root: root)
    let path = self.path
    let hides = search.file("self/mounts", root: root) { ProcMount.hidesProcesses($0, at: path) } ?? false
    let mayTrace = search.file("self/status", root: root) { ProcessStatus.parse($0).mayTrace } ?? false
    return Machine(
      inInitialPIDNamespace: namespace == nil || namespace == Self.initialPIDNamespace,
      hidesProcesses: hides && !mayTrace)
  }
}

/// The directory of processes while a look-up lasts.
private final class OpenRoot {
  let directory: ProcDirectory
  var descriptor: CInt { directory.descriptor }

  init(directory: consuming ProcDirectory) { self.directory = directory }
}
