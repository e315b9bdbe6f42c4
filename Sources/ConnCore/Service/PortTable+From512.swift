// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 512 to 699.
  static let from512: StaticString = """
    512/tcp exec rexec: Runs a command for a user; the password is in clear text
    512/udp comsat biff: Tells users that they have new mail
    513/tcp login rlogin: Remote login that trusts the client's address, in clear text
    513/udp who whod rwho: Hosts tell each other who is logged in
    514/tcp shell rsh cmd: Runs a command, trusting the client's address, in clear text
    514/udp syslog: Log messages from other hosts, in clear text
    515/tcp printer spooler lpd: Print jobs of lpd
    516/tcp+udp videotex: Videotex pages
    517/tcp talk: Chat between two terminals, the conversation
    517/udp talk: Chat between two terminals, old form
    518/udp ntalk: Chat between two terminals
    519/tcp+udp utime unixtime:
    520/tcp efs: Extended file name server
    520/udp route =router routed rip: RIP: routers tell their routes
    521/tcp+udp ripng: RIP for IPv6
    522/tcp+udp ulp: User location, of Microsoft NetMeeting
    523/tcp+udp ibm-db2: IBM DB2 administration server
    524/tcp+udp ncp: Novell NetWare file sharing
    525/udp timed timeserver: Hosts of a network agree on the time
    526/tcp+udp tempo newdate: Sets the date of hosts
    527/tcp+udp stx: Stock exchange
    528/tcp+udp custix: Customers of a stock exchange
    529/tcp+udp irc-serv: Internet Relay Chat between servers
    530/tcp+udp courier rpc: Courier remote calls
    531/tcp+udp conference chat: Conferences
    532/tcp+udp netnews readnews: Reading of Usenet news
    533/tcp+udp netwall: Broadcasts to the terminals of a network, in emergencies
    534/tcp+udp windream: Windream administration
    535/tcp+udp iiop: CORBA objects
    536/tcp+udp opalis-rdv: Opalis rendezvous
    537/tcp+udp nmsp: Networked Media Streaming; Cisco location services
    538/tcp+udp gdomap: GNUstep finds its distributed objects
    539/tcp+udp apertus-ldp: Apertus, load determination
    540/tcp uucp uucpd: UUCP over TCP: files, mail and news between Unix hosts
    541/tcp+udp uucp-rlogin: UUCP over rlogin; FortiGate devices report to FortiManager
    542/tcp+udp commerce:
    543/tcp klogin: Remote login with Kerberos
    544/tcp kshell krcmd: Remote commands with Kerberos
    545/tcp+udp appleqtcsrvr: Apple QuickTime conferences, server
    546/udp dhcpv6-client: DHCP for IPv6, client: asks for an address
    547/udp dhcpv6-server: DHCP for IPv6, server: hands out addresses
    548/tcp+udp afpovertcp afp: Apple file sharing
    549/tcp+udp idfp:
    550/tcp+udp new-rwho new-who: Who is logged in, a newer rwho
    551/tcp+udp cybercash: CyberCash payments
    552/tcp+udp devshr-nts: DeviceShare
    553/tcp+udp pirp: Public Information Retrieval
    554/tcp rtsp: Control of media streams: cameras
    554/udp rtsp: Control of media streams, rarely by UDP
    555/tcp+udp dsf:
    556/tcp+udp remotefs rfs rfs_server: Remote file system of Brunhoff
    557/tcp+udp openvms-sysipc: OpenVMS system calls between hosts
    558/tcp+udp sdnskmp: Key management of SDNS
    559/tcp+udp teedtap: Emergency calls of the deaf
    560/tcp+udp rmonitor rmonitord: Remote monitoring
    561/tcp+udp monitor: Monitoring
    562/tcp+udp chshell chcmd: Remote commands that change hosts
    563/tcp nntps snntp: Usenet news over TLS
    564/tcp+udp 9pfs: Plan 9 file service
    565/tcp+udp whoami:
    566/tcp+udp streettalk: Banyan StreetTalk directory
    567/tcp+udp banyan-rpc: Banyan remote calls
    568/tcp+udp ms-shuttle: Microsoft Shuttle
    569/tcp+udp ms-rome: Microsoft Rome
    570/tcp+udp meter: Metering, demon
    571/tcp+udp meter umeter: Metering, udemon
    572/tcp+udp sonar: Distances between hosts, measured for others
    573/tcp+udp banyan-vip:
    574/tcp+udp ftp-agent: FTP software agent system
    575/tcp+udp vemmi: VEMMI, pages for Videotex successors
    576/tcp+udp ipcd:
    577/tcp+udp vnas:
    578/tcp+udp ipdd:
    579/tcp+udp decbsrv:
    580/tcp+udp sntp-heartbeat: Heartbeat of simple network time
    581/tcp+udp bdp: Bundle Discovery
    582/tcp+udp scc-security:
    583/tcp+udp philips-vc: Philips video conferences
    584/tcp+udp keyserver:
    586/tcp+udp password-chg: Changes of passwords
    587/tcp submission msa: Mail from programs to their server, with STARTTLS
    588/tcp+udp cal:
    589/tcp+udp eyelink: EyeLink eye trackers
    590/tcp+udp tns-cml:
    591/tcp+udp http-alt: Web pages of FileMaker
    592/tcp+udp eudora-set: Settings of the Eudora mail program
    593/tcp+udp http-rpc-epmap: Windows RPC over HTTP: where services are
    594/tcp+udp tpip: Transaction Internet Protocol
    595/tcp+udp cab-protocol:
    596/tcp+udp smsd:
    597/tcp+udp ptcnameservice: Names of PTC's engineering programs
    598/tcp+udp sco-websrvrmg3: SCO web server manager 3
    599/tcp+udp acp: Aeolon Core Protocol
    600/tcp+udp ipcserver: Sun IPC server
    601/tcp syslog-conn: Log messages over TCP connections
    602/tcp+udp xmlrpc-beep: XML-RPC over BEEP
    603/tcp+udp idxp: Intrusion alerts between detectors
    604/tcp+udp tunnel: Tunnels for BEEP
    605/tcp+udp soap-beep: SOAP over BEEP
    606/tcp+udp urm: Cray Unified Resource Manager
    607/tcp+udp nqs: Batch jobs of NQS
    608/tcp+udp sift-uft: Files sent to a user, unsolicited
    609/tcp+udp npmp-trap: Batch jobs of NPMP, traps
    610/tcp+udp npmp-local: Batch jobs of NPMP, local
    611/tcp+udp npmp-gui: Batch jobs of NPMP, graphical
    612/tcp+udp hmmp-ind: HyperMedia Management, indications
    613/tcp+udp hmmp-op: HyperMedia Management, operations
    614/tcp+udp sshell: Shell over SSL
    615/tcp+udp sco-inetmgr: SCO Internet configuration manager
    616/tcp+udp sco-sysmgr: SCO system administration
    617/tcp+udp sco-dtmgr: SCO desktop administration
    618/tcp+udp dei-icda:
    619/tcp+udp compaq-evm: Events of Compaq and Digital Unix
    620/tcp+udp sco-websrvrmgr: SCO web server manager
    621/tcp+udp escp-ip: Epson printers over IP
    622/tcp+udp collaborator:
    623/tcp oob-ws-http: Management of servers out of band, by web services
    623/udp asf-rmcp ipmi: IPMI: power and console of servers out of band
    624/tcp+udp cryptoadmin: Crypto administration
    625/tcp+udp dec_dlm: Digital's lock manager; Apple directory administration
    626/tcp+udp asia: ASIA; macOS Server serial numbers
    627/tcp+udp passgo-tivoli: PassGo for Tivoli
    628/tcp+udp qmqp: Mail handed to a central queue, of qmail
    629/tcp+udp 3com-amp3:
    630/tcp+udp rda: Remote database access
    631/tcp ipp cups: Printing, and CUPS's web pages
    631/udp ipp cups: Printers announced to CUPS
    632/tcp+udp bmpp:
    633/tcp+udp servstat: State of Sterling's services
    634/tcp+udp ginad:
    635/tcp+udp rlzdbase:
    636/tcp ldaps sldap: Directory of users and machines, over TLS
    637/tcp+udp lanserver:
    638/tcp+udp mcns-sec: Security of cable modems
    639/tcp+udp msdp: Multicast sources between domains
    640/tcp+udp entrust-sps:
    641/tcp+udp repcmd: Replicator commands
    642/tcp+udp esro-emsdp: Efficient mail, of ESRO
    643/tcp+udp sanity: SANity, storage networks
    644/tcp+udp dwr:
    645/tcp+udp pssc:
    646/tcp+udp ldp: Label distribution of MPLS routers
    647/tcp+udp dhcp-failover: Two DHCP servers keep each other's leases
    648/tcp+udp rrp: Registrars and registries of domain names, old form
    649/tcp+udp cadview-3d: CADView 3D models
    650/tcp+udp obex: Object exchange, of infrared and Bluetooth devices
    651/tcp+udp ieee-mms: Manufacturing messages of IEEE
    652/tcp+udp hello-port:
    653/tcp+udp repscmd: Replicator commands, secured
    654/tcp+udp aodv: Routes in ad-hoc networks, on demand
    655/tcp tinc: tinc VPN
    655/udp tinc: tinc VPN
    656/tcp+udp spmp:
    657/tcp+udp rmc: Resource monitoring of IBM clusters
    658/tcp+udp tenfold:
    660/tcp+udp mac-srvr-admin: Administration of macOS servers
    661/tcp+udp hap:
    662/tcp+udp pftp: Parallel FTP
    663/tcp+udp purenoise:
    664/tcp oob-ws-https: Management of servers out of band, over TLS
    664/udp asf-secure-rmcp: IPMI with security: servers out of band
    665/tcp+udp sun-dr: Sun dynamic reconfiguration
    666/tcp mdqs doom: Batch and print queues of MDQS; Doom played over a network
    666/udp mdqs doom: Doom played over a network; queues of MDQS
    667/tcp+udp disclose: Campaign contributions, disclosed
    668/tcp+udp mecomm:
    669/tcp+udp meregister:
    670/tcp+udp vacdsm-sws: VACDSM, of IBM's data management
    671/tcp+udp vacdsm-app: VACDSM, applications
    672/tcp+udp vpps-qua:
    673/tcp+udp cimplex:
    674/tcp+udp acap: Options of programs, kept on a server
    675/tcp+udp dctp: Distributed calendars of DCTP
    676/tcp+udp vpps-via:
    677/tcp+udp vpp: Virtual Presence Protocol
    678/tcp+udp ggf-ncp: GNU Generation Foundation NCP
    679/tcp+udp mrm: Multicast reachability
    680/tcp+udp entrust-aaas:
    681/tcp+udp entrust-aams:
    682/tcp+udp xfr:
    683/tcp+udp corba-iiop: CORBA objects
    684/tcp+udp corba-iiop-ssl: CORBA objects over TLS
    685/tcp+udp mdc-portmapper:
    686/tcp+udp hcp-wismar: Hardware control of Wismar
    687/tcp+udp asipregistry: AppleShare IP registry
    688/tcp+udp realm-rusd: Realm-RUSD, management of applications
    689/tcp+udp nmap: Novell mail access; has nothing to do with the scanner
    690/tcp+udp vatp: Velneo application transfer
    691/tcp+udp msexch-routing: Microsoft Exchange routing
    692/tcp+udp hyperwave-isp: Hyperwave
    693/tcp+udp connendp: almanid connections
    694/udp ha-cluster: Heartbeat of Linux-HA clusters
    695/tcp+udp ieee-mms-ssl: Manufacturing messages of IEEE over TLS
    696/tcp+udp rushd: RUSHD, render queues
    697/tcp+udp uuidgen: Makes universally unique identifiers
    698/tcp+udp olsr: Routes in mesh networks
    699/tcp+udp accessnetwork:

    """
}
