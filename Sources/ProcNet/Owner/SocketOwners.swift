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
  public init(root: ProcRoot = ProcRoot(), effectiveUID: UInt32? = nil) {
    path = root.path
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
    if search.missing > 0 { lookAtLeftOut(root) { _ in true } }
    search.noteWhole()
  }

  /// Looks at as few processes as it takes, for a few new sockets among many that are known.
  ///
  /// First at processes that are new, then at recent holders of wanted sockets, the latest first, and then at the
  /// rest, until each wanted socket has a holder. The ancestors and children of every holder are looked at as
  /// well where they could have shared the socket through fork(2), so the oldest holder is right then, as long as
  /// each socket is asked for when it is new. A process further away that shares a connection (by SCM_RIGHTS, or a
  /// child whose parent has ended) is not counted. Descriptors known to be a socket that is alive and not wanted
  /// are left out, and read only where something is still missing. Every process is looked at if a listener is
  /// wanted, or as long as a wanted socket has no holder.
  ///
  /// - Parameter rows: every socket that is alive.
  public func lookUp(_ wanted: [WantedSocket], among rows: [SocketRow]) {
    // Nothing wanted: not even the table of what is alive is made.
    if wanted.isEmpty {
      search.begin([], among: [])
      return
    }
    search.begin(wanted, among: rows)
    guard search.missing > 0, let root = openRoot() else { return }
    listProcesses(root)
    let lookUp = search.lookUp
    if search.wantsListener {
      for slot in table.records.indices { lookOnce(slot, root, .full) }
    } else {
      let order = likelyOrder()
      lookWhileMissing(order.likely, root)
      // A socket may have taken the descriptor of one that was closed while the rows were read: that one is believed to
      // be alive, and was left out. It is likely where the other new ones are.
      lookAtLeftOut(root) { $0.foundAt == lookUp }
      lookWhileMissing(order.rest, root)
      lookAtLeftOut(root) { _ in true }
      if search.missing == 0 { lookAtFamilies(root) }
    }
    if !table.records.contains(where: { $0.lookedAt != lookUp && !$0.neverHolds }) { search.noteWhole() }
  }

  private func lookWhileMissing(_ slots: [Int], _ root: OpenRoot) {
    for slot in slots {
      if search.missing == 0 { return }
      lookOnce(slot, root)
    }
  }

  /// As long as something is missing, reads the descriptors that the first look of this look-up left out.
  private func lookAtLeftOut(_ root: OpenRoot, where isLikely: (ProcessRecord) -> Bool) {
    for slot in table.records.indices where table.records[slot].leftOutAt == search.lookUp {
      if search.missing == 0 { return }
      if isLikely(table.records[slot]) {
        search.look(.leftOut, into: &table.records[slot], root: root.descriptor)
      }
    }
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

  /// New processes, then recent holders, the latest first; and the rest, holders first.
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
    let latest: (Int, Int) -> Bool = { [records = table.records] in records[$0].foundAt > records[$1].foundAt
    }
    holders.sort(by: latest)
    rest.sort(by: latest)
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
  /// ``SocketOwner/notLookedUp`` where its inode was not asked for, or where reading failed.
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
    return facts.whyUnknown(stillThere: stillThere).map { SocketOwner(unknown: $0) } ?? .notLookedUp
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
