// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

/// The lives that are going on, and what a new snapshot says of them.
///
/// ``apply(_:owners:)`` is the diff: it depends on nothing but the table, the snapshot and what `owners` answers.
/// A socket is known again by (table, both ends), and by its inode too where several sockets may share those:
/// listeners and UDP. A TCP connection's inode goes 0 → N → 0 in one life and is no part of its identity, but two
/// different inodes that are not 0 are two lives.
public struct LifeTable: Sendable {
  /// What the diff needs to know of the machine.
  public struct Settings: Sendable {
    /// The ports the kernel gives to clients.
    public var ephemeral: EphemeralRange
    /// The inode of the network namespace, 0 where not known; and its label, nil for the recorder's own.
    public var namespace: UInt64 = 0
    /// The label that lives carry, nil for the recorder's own namespace.
    public var netns: String?
    /// How many more whole tables must lack a TCP socket before its end is believed.
    public var confirmationsTCP = 1
    /// The same for UDP, whose tables lose rows far more often: the kernel resumes them by a global index.
    public var confirmationsUDP = 2

    /// Makes settings.
    public init(ephemeral: EphemeralRange = EphemeralRange()) { self.ephemeral = ephemeral }
  }

  /// A socket whose owner is asked for.
  public struct WantedOwner: Hashable, Sendable {
    /// The row.
    public var row: SocketRow
    /// What kind of socket it is.
    public var role: Life.Role
    /// Nobody could be named the first time; this is the second and last look.
    public var isSecondLook: Bool
  }

  var slots: [Slot] = []
  /// What is written of each slot's life; apart from the slots because a steady socket never needs it.
  var lives: [Record] = []
  var free: [Int] = []
  /// Slots of TCP connections that are known by their inode too, since another one is on the same tuple.
  var aside: [Int] = []
  /// CLOCK_BOOTTIME of the first whole table that a slot's socket was missing from, for those that are missing.
  var missingSince: [Int: Int64] = [:]
  var index = LifeIndex()
  var generation: UInt32 = 0
  let seed: UInt64
  let settings: Settings
  var touched: [Int] = []
  /// Who listens in the latest snapshot, and who did in the one before.
  var listeners = ListenerSet()
  var earlierListeners = ListenerSet()
  /// CLOCK_BOOTTIME of the last whole reading of each table, by the table's raw value; nil before the first.
  var lastComplete: [Int64?] = [nil, nil, nil, nil]
  /// The tables that have been read whole since the start of this run.
  var watched: ProtoSet = []

  /// What the trace has told of TCP sockets that are not destroyed, by the kernel's address of them.
  var book: [UInt64: Traced] = [:]
  /// Listeners among them of this namespace, with their owners: one that came after the last snapshot has no row yet.
  var tracedListeners: [UInt64: Traced] = [:]
  /// Those that were destroyed, and are forgotten when this pass is done.
  var goneListeners: [UInt64] = []
  /// Those of them that are open and have no slot.
  var unbound: Set<UInt64> = []
  /// Traced sockets whose attempt to connect has just failed, the latest last: the error may follow.
  var failed = Lately<(socket: UInt64, ends: SocketEnds)>()
  /// Errors that sockets were told without being ended by them, and when.
  var warned = Lately<(failure: SocketFailure, boot: Int64)>()
  /// What this machine answered lately, and when.
  var answers = Lately<(answer: UnreachableAnswer, boot: Int64)>()
  /// Traced sockets that were destroyed and whose end was not heard yet, by cookie.
  var awaiting: [UInt64: Traced] = [:]
  /// How many lives had a socket that then began another one; the end of each waits under a key of its own.
  var forgotten: UInt64 = 0
  /// Ends of sockets whose trace may still come, by cookie, with the pass that brought them.
  var heardEnds: [UInt64: (end: SocketEnd, pass: UInt32)] = [:]
  /// The last pass that some messages of ends were lost before.
  var lostEndsAt: UInt32?
  /// Cookies of lives that were finished without the message of their end, which may come any time.
  var endedWithout: Set<UInt64> = []
  /// Slots of sockets that are known by their inode, by cookie: the message of an end tells no inode.
  var byCookie: [UInt64: Int] = [:]
  /// The latest snapshot told cookies.
  var rowsTellCookies = false
  /// When the latest snapshots were read, and which tables of them are whole.
  var readings: [(begun: Int64, ended: Int64, whole: ProtoSet)] = []
  /// What may be left, in TIME_WAIT, of connections that an earlier recorder finished.
  var leftOvers: Set<SocketEnds> = []
  private(set) var leftOversUntil: Int64 = 0
  /// Twice the kernel's TIME_WAIT, in microseconds.
  private static let longestTimeWait: Int64 = 120_000_000
  /// Slots of sockets in FIN_WAIT2 that the latest snapshot showed without an inode.
  var orphans: Set<Int> = []
  /// What sockets carried whose life goes on in TIME_WAIT or as an orphan, by slot.
  var lateTraffic: [Int: Traffic] = [:]

  /// The number the next new life gets.
  public var nextID: Int64

  /// Makes an empty table.
  ///
  /// - Parameter seed: of the hash; random unless a test wants it fixed.
  public init(
    nextID: Int64 = 1, settings: Settings = Settings(), seed: UInt64 = .random(in: .min ... .max)
  ) {
    self.nextID = nextID
    self.settings = settings
    self.seed = seed
  }

  /// Forgets what was heard and is not known to be of this network namespace: it is gone, and nothing more will be.
  public mutating func forgetHeard() {
    book.removeAll()
    unbound.removeAll()
    awaiting.removeAll()
    heardEnds.removeAll()
    tracedListeners.removeAll()
    forgetFailures()
    for at in slots.indices where slots[at].isLive { slots[at].socket = 0 }
  }

  /// How many lives are going on, sockets in TIME_WAIT among them.
  public var count: Int { index.count }

  /// Every life that is going on, by number.
  public var all: [Life] {
    slots.indices.lazy.filter { slots[$0].isLive }.map { life(at: $0) }.sorted { $0.id < $1.id }
  }

  /// Those whose socket the latest snapshot had, by number.
  public var seen: [Life] {
    slots.indices.lazy.filter { slots[$0].isLive && slots[$0].generation == generation }.map { life(at: $0) }
      .sorted { $0.id < $1.id }
  }

  /// Takes up lives that an earlier recorder of the same boot left open.
  ///
  /// What the next snapshot lacks of them ended meanwhile, what it has goes on under its old number.
  ///
  /// - Parameters:
  ///   - ended: the ends of connections that it finished lately: what may be left of them in TIME_WAIT is no new one.
  ///   - lastSampleBoot: CLOCK_BOOTTIME of the last sample that was stored.
  public mutating func resume(_ open: [Life], ended: Set<SocketEnds> = [], lastSampleBoot: Int64) {
    leftOvers = ended
    leftOversUntil = lastSampleBoot + Self.longestTimeWait
    for proto in Proto.allCases { lastComplete[Int(proto.rawValue)] = lastSampleBoot }
    readings = [(lastSampleBoot, lastSampleBoot, .all)]
    for life in open {
      var row = SocketRow(proto: life.proto, state: life.state, local: life.local, remote: life.remote)
      row.inode = life.inode
      var keyInode = Self.keyInode(row)
      let isAside = find(row, keyInode, hash(row, keyInode)) >= 0
      if isAside { keyInode = row.inode }
      let hash = hash(row, keyInode)
      guard find(row, keyInode, hash) < 0 else { continue }
      let at = insert(life, row, keyInode, hash, boot: lastSampleBoot, cookie: life.cookie)
      if isAside { aside.append(at) }
      life.eachEvent { _, _, _, _ in lives[at].told.events += 1 }
      lives[at].told.end = life.closedOffset != nil
      lives[at].told.isCounted = true
      slots[at].ownerLooks = life.owner.process == nil && life.inode != 0 ? 0 : 2
      if life.role == .listener { listeners.insert(life.proto, life.local) }
    }
    nextID = max(nextID, (open.map(\.id).max() ?? 0) + 1)
  }

  // MARK: Slots

  @inline(__always)
  static func keyInode(_ row: SocketRow) -> UInt64 {
    row.state == .listen || row.proto.transport == .udp ? row.inode : 0
  }

  @inline(__always)
  func hash(_ row: SocketRow, _ keyInode: UInt64) -> UInt64 {
    Self.hash(seed, row.proto, row.local, row.remote, keyInode)
  }

  @inline(__always)
  static func hash(_ slot: Slot, seed: UInt64) -> UInt64 {
    hash(seed, slot.proto, slot.local, slot.remote, slot.keyInode)
  }

  @inline(__always)
  private static func hash(
    _ seed: UInt64, _ proto: Proto, _ local: Endpoint, _ remote: Endpoint, _ keyInode: UInt64
  ) -> UInt64 {
    var hash = seed
    hash = mix(hash ^ local.address.high ^ (remote.address.high &* 0x9E37_79B9_7F4A_7C15))
    hash = mix(hash ^ local.address.low)
    hash = mix(hash ^ remote.address.low)
    let ports = UInt64(local.port) << 16 | UInt64(remote.port) | UInt64(proto.rawValue) << 32
    return mix(hash ^ ports ^ (keyInode &* 0xD6E8_FEB8_6659_FD93))
  }

  /// Folds the 128-bit product: one multiplication spreads every bit over the whole word.
  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    return product.high ^ product.low
  }

  @inline(__always)
  func find(_ row: SocketRow, _ keyInode: UInt64, _ hash: UInt64) -> Int {
    slots.withUnsafeBufferPointer { slots in
      index.find(hash) { at in
        let slot = slots[at]
        return slot.local == row.local && slot.remote == row.remote && slot.proto == row.proto
          && slot.keyInode == keyInode
      }
    }
  }

  mutating func insert(
    _ life: Life, _ row: SocketRow, _ keyInode: UInt64, _ hash: UInt64, boot: Int64, cookie: UInt64
  ) -> Int {
    let slot = Slot(
      local: row.local, proto: row.proto, state: row.state, ownerLooks: 0, isLive: true, isTouched: false,
      remote: row.remote, missing: 0, isKeyedByInode: keyInode != 0, generation: generation, inode: row.inode,
      lastSeenBoot: boot, cookie: cookie)
    let at: Int
    if let reused = free.popLast() {
      at = reused
      slots[at] = slot
      lives[at] = Record(life)
    } else {
      at = slots.count
      slots.append(slot)
      lives.append(Record(life))
    }
    index.insert(at, hash: hash) { [seed] in Self.hash(slots[$0], seed: seed) }
    if keyInode != 0 && cookie != 0 { byCookie[cookie] = at }
    return at
  }

  mutating func remove(_ at: Int) {
    index.remove(at, hash: Self.hash(slots[at], seed: seed)) { [seed] in Self.hash(slots[$0], seed: seed) }
    if slots[at].missing > 0 { missingSince[at] = nil }
    if slots[at].isKeyedByInode && slots[at].cookie != 0 { byCookie[slots[at].cookie] = nil }
    if !lateTraffic.isEmpty { lateTraffic[at] = nil }
    slots[at].isLive = false
    slots[at].isTouched = false
    lives[at].laterSteps = []
    lives[at].owner = .notLookedUp
    free.append(at)
    if !aside.isEmpty { fillPlace(of: at) }
  }

  /// When the life goes that its tuple alone leads to, another one on the tuple takes its place: or it would be
  /// taken for a new one as soon as its row tells no inode.
  private mutating func fillPlace(of at: Int) {
    if let place = aside.firstIndex(of: at) {
      aside.remove(at: place)
      return
    }
    let gone = slots[at]
    guard gone.keyInode == 0,
      let place = aside.firstIndex(where: {
        slots[$0].local == gone.local && slots[$0].remote == gone.remote && slots[$0].proto == gone.proto
      })
    else { return }
    let next = aside.remove(at: place)
    index.remove(next, hash: Self.hash(slots[next], seed: seed)) { [seed] in Self.hash(slots[$0], seed: seed)
    }
    slots[next].isKeyedByInode = false
    index.insert(next, hash: Self.hash(slots[next], seed: seed)) { [seed] in Self.hash(slots[$0], seed: seed)
    }
  }

  /// The life in a slot.
  func life(at: Int) -> Life {
    var life = lives[at].life(slots[at])
    if !lateTraffic.isEmpty { life.traffic = lateTraffic[at] }
    life.netns = settings.netns
    return life
  }

  /// Notes that a slot's socket was seen.
  @inline(__always)
  mutating func see(_ at: Int, boot: Int64) {
    slots[at].generation = generation
    slots[at].lastSeenBoot = boot
    if slots[at].missing != 0 {
      slots[at].missing = 0
      missingSince[at] = nil
    }
  }

  mutating func touch(_ at: Int) {
    if !slots[at].isTouched {
      slots[at].isTouched = true
      touched.append(at)
    }
  }
}
