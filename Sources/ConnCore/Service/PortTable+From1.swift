// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 1 to 255.
  static let from1: StaticString = """
    1/tcp tcpmux: Multiplexer: a client names the service it wants
    2/tcp+udp compressnet: Management of a compression program for networks
    3/tcp+udp compressnet: Compression of network traffic
    5/tcp+udp rje: Remote job entry to early mainframes
    7/tcp echo: Sends back what it gets, to test a network
    7/udp echo: Sends each datagram back, to test a network
    9/tcp discard sink null: Throws away what it gets, to test a network
    9/udp discard sink null: Throws datagrams away; Wake-on-LAN packets are often sent here
    11/tcp systat users: Shows who is logged in or which processes run
    13/tcp daytime: Sends the time of day as text
    13/udp daytime: Answers a datagram with the time of day as text
    15/tcp ~netstat: Once sent the output of netstat; not assigned any more
    17/tcp qotd quote: Sends a short quotation
    17/udp qotd quote: Answers a datagram with a short quotation
    18/tcp+udp msp: Message Send Protocol: a line of text to a user's screen
    19/tcp chargen ttytst source: Sends characters without end, to test a network
    19/udp chargen ttytst source: Answers with many characters; misused to amplify attacks
    20/tcp ftp-data: Data connections of FTP in active mode, opened by the server
    21/tcp ftp: File transfer, control connection; commands and passwords in clear text
    21/udp ~fsp fspd: File Service Protocol, files by datagrams
    22/tcp ssh: Secure Shell: encrypted logins, file transfer and tunnels
    23/tcp telnet: Remote login in clear text
    25/tcp smtp mail: Mail between servers
    27/tcp+udp nsw-fe: Front end of the National Software Works
    29/tcp+udp msg-icp: Initial connections of the MSG message system
    31/tcp+udp msg-auth: Authentication of the MSG message system
    33/tcp+udp dsp: Display Support Protocol
    37/tcp time timserver: Sends the time as a 32-bit number
    37/udp time timserver: Answers a datagram with the time as a 32-bit number
    38/tcp+udp rap: Route Access Protocol
    39/tcp+udp rlp resource: Finds out where a resource of the local network is
    41/tcp+udp graphics: Network graphics protocol of the Arpanet
    42/tcp+udp nameserver name: Name service before DNS; replication of Windows WINS
    43/tcp whois nicname: Who a domain or an address block belongs to
    44/tcp+udp mpm-flags: Flags of the Message Processing Module
    45/tcp+udp mpm: Message Processing Module, receiving
    46/tcp+udp mpm-snd: Message Processing Module, sending
    48/tcp+udp auditd: Audit daemon of Digital's systems
    49/tcp tacacs: TACACS+: logins of network devices are checked here
    49/udp tacacs: TACACS: logins of terminals are checked here
    50/tcp+udp re-mail-ck: Remote Mail Checking Protocol: is there new mail
    52/tcp+udp xns-time: Time by Xerox Network Systems
    53/tcp domain dns: DNS: long answers and zone transfers
    53/udp domain dns: DNS: names into addresses
    54/tcp+udp xns-ch: Clearinghouse, the directory of Xerox Network Systems
    55/tcp+udp isi-gl: Graphics Language of ISI
    56/tcp+udp xns-auth: Authentication by Xerox Network Systems
    58/tcp+udp xns-mail: Mail by Xerox Network Systems
    62/tcp+udp acas: Access control of a mail system
    63/tcp+udp whoispp whois++: Directory look-ups, a structured successor of whois
    64/tcp+udp covia: Communications integrator of the Covia airline network
    65/tcp+udp tacacs-ds: Database service of TACACS, which checks logins
    66/tcp+udp sql-net: SQL*NET of early Oracle databases
    67/udp bootps dhcps: DHCP and BOOTP, server: hands out addresses
    68/udp bootpc dhcpc: DHCP and BOOTP, client: asks for an address
    69/udp tftp: Trivial File Transfer: no passwords; boot files and firmware
    70/tcp gopher: Gopher: menus and documents, older than the web
    71/tcp+udp netrjs-1: Remote job service of the Arpanet, first of four
    72/tcp+udp netrjs-2: Remote job service of the Arpanet, second of four
    73/tcp+udp netrjs-3: Remote job service of the Arpanet, third of four
    74/tcp+udp netrjs-4: Remote job service of the Arpanet, last of four
    76/tcp+udp deos: Distributed External Object Store
    78/tcp+udp vettcp: Registered for a program called vettcp
    79/tcp finger: Who is logged in, and what users tell of themselves
    80/tcp http www: The web, not encrypted
    82/tcp+udp xfer: XFER utility
    83/tcp+udp mit-ml-dev: Device access of MIT's ML machine
    84/tcp+udp ctf: Common Trace Facility
    85/tcp+udp mit-ml-dev: Device access of MIT's ML machine
    86/tcp+udp mfcobol: Micro Focus COBOL
    87/tcp ~ttylink: Private terminal links, chat between hosts
    88/tcp kerberos kerberos5 krb5 kerberos-sec: Kerberos 5: tickets that prove who somebody is
    88/udp kerberos kerberos5 krb5 kerberos-sec: Kerberos 5: tickets that prove who somebody is
    89/tcp+udp su-mit-tg: Telnet gateway between Stanford and MIT
    90/tcp+udp dnsix: Security attributes of DNSIX networks
    91/tcp+udp mit-dov: Dover print spooler of MIT
    92/tcp+udp npp: Network Printing Protocol
    93/tcp+udp dcp: Device Control Protocol
    94/tcp+udp objcall: Object dispatcher of Tivoli
    95/tcp+udp supdup: Remote display of text screens, from ITS
    96/tcp+udp dixie: DIXIE: light access to X.500 directories
    97/tcp+udp swift-rvf: Remote virtual files by Swift
    98/tcp+udp tacnews linuxconf: TAC News; linuxconf used the port for its web pages
    99/tcp+udp metagram: Relay of Metagram messages
    101/tcp+udp hostname hostnames: Host tables of the Arpanet's NIC
    102/tcp iso-tsap tsap: ISO transport over TCP: X.400 mail, Siemens S7 controllers
    103/tcp+udp gppitnp: Genesis point-to-point transport
    104/tcp+udp acr-nema dicom: DICOM: medical images
    105/tcp+udp cso csnet-ns: Mailbox names of CSNET, and CCSO's telephone book
    106/tcp+udp 3com-tsmux poppassd: 3Com's multiplexer; changes of mail passwords (poppassd)
    107/tcp+udp rtelnet: Remote telnet
    108/tcp+udp snagas: Gateway access of IBM's SNA
    109/tcp+udp pop2 postoffice: Mail pick-up, second version, long replaced
    110/tcp pop3 pop-3: Mail pick-up; passwords in clear text without STARTTLS
    111/tcp sunrpc portmapper rpcbind: Tells on which ports RPC programs such as NFS are
    111/udp sunrpc portmapper rpcbind: Tells on which ports RPC programs such as NFS are
    112/tcp+udp mcidas: Weather images of McIDAS
    113/tcp auth =ident authentication tap: Tells which user a connection belongs to
    115/tcp+udp sftp: Simple File Transfer of RFC 913; has nothing to do with SSH
    116/tcp+udp ansanotify: Notifications of ANSA REX
    117/tcp+udp uucp-path: Paths for mail by UUCP
    118/tcp+udp sqlserv: SQL services of early databases
    119/tcp nntp readnews untp: Usenet news, reading and between servers
    120/tcp+udp cfdptkt: Tickets of a coherent file distribution protocol
    121/tcp+udp erpc: Expedited remote procedure calls of Encore
    122/tcp+udp smakynet: Network of Smaky computers
    123/udp ntp: Network time
    124/tcp+udp ansatrader: Trader of ANSA REX
    125/tcp+udp locus-map: Network map of Locus PC-Interface
    126/tcp+udp nxedit: NXEdit of Unisys
    127/tcp+udp locus-con: Connections of Locus PC-Interface
    128/tcp+udp gss-xlicen: Licences of GSS X
    129/tcp+udp pwdgen: Generates passwords
    130/tcp+udp cisco-fna: Cisco, FNATIVE
    131/tcp+udp cisco-tna: Cisco, TNATIVE
    132/tcp+udp cisco-sys: Cisco, SYSMAINT
    133/tcp+udp statsrv: Statistics service
    134/tcp+udp ingres-net: Ingres database over the network
    135/tcp epmap loc-srv msrpc: Tells on which ports Windows RPC and DCOM services are
    135/udp epmap loc-srv: Tells on which ports Windows RPC and DCOM services are
    136/tcp+udp profile: Names of the PROFILE system
    137/tcp netbios-ns: NetBIOS names of Windows networks, rarely by TCP
    137/udp netbios-ns: NetBIOS names of Windows networks
    138/udp netbios-dgm: NetBIOS datagrams: announcements of Windows networks
    139/tcp netbios-ssn: Windows file sharing over NetBIOS
    140/tcp+udp emfis-data:
    141/tcp+udp emfis-cntl: EMFIS, control
    142/tcp+udp bl-idm: IDM of Britton Lee databases
    143/tcp imap2 =imap imap4: Mail that stays on the server; in clear text without STARTTLS
    144/tcp+udp uma: Universal Management Architecture
    145/tcp+udp uaac: UAAC protocol
    146/tcp+udp iso-tp0: Bridge from ISO transport class 0 to TCP
    147/tcp+udp iso-ip:
    148/tcp+udp jargon:
    149/tcp+udp aed-512: Emulation of AED 512 graphics terminals
    150/tcp+udp sql-net:
    151/tcp+udp hems: High-level monitoring of entities, before SNMP
    152/tcp+udp bftp: File transfer in the background
    153/tcp+udp sgmp: Monitoring of gateways, before SNMP
    154/tcp+udp netsc-prod: NETSC, production
    155/tcp+udp netsc-dev: NETSC, development
    156/tcp+udp sqlsrv: SQL service
    157/tcp+udp knet-cmp: Commands and messages of KNET/VM
    158/tcp+udp pcmail-srv repository: Mail repository of PCMail
    159/tcp+udp nss-routing: Routing of the NSFNET's switches
    160/tcp+udp sgmp-traps: Traps of SGMP, before SNMP
    161/tcp snmp: SNMP over TCP
    161/udp snmp: SNMP: questions to network devices about their state
    162/tcp snmp-trap =snmptrap: SNMP over TCP: devices report events here
    162/udp snmp-trap =snmptrap: SNMP: devices report events here
    163/tcp+udp cmip-man: CMIP over TCP, manager: OSI's network management
    164/tcp+udp cmip-agent: CMIP over TCP, agent: OSI's network management
    165/tcp+udp xns-courier: Courier, remote calls of Xerox Network Systems
    166/tcp+udp s-net: Sirius Systems
    167/tcp+udp namp:
    168/tcp+udp rsvd:
    169/tcp+udp send: SEND: messages to a user's terminal
    170/tcp+udp print-srv: Network PostScript
    171/tcp+udp multiplex: Multiplexer of Network Innovations
    172/tcp+udp cl-1: CL/1 of Network Innovations, access to databases
    173/tcp+udp xyplex-mux: Multiplexer of Xyplex terminal servers
    174/tcp+udp mailq: Mail queue of ZMailer
    175/tcp+udp vmnet: VMNET, between IBM mainframes
    176/tcp+udp genrad-mux: Multiplexer of GenRad
    177/udp xdmcp: X terminals ask for a login screen
    178/tcp+udp nextstep: Window server of NeXTStep
    179/tcp bgp: Routers exchange the Internet's routes
    180/tcp+udp ris: RIS of Intergraph
    181/tcp+udp unify: Unify databases
    182/tcp+udp audit: SITP of Unisys, audit
    183/tcp+udp ocbinder:
    184/tcp+udp ocserver:
    185/tcp+udp remote-kis:
    186/tcp+udp kis: Knowbot Information Service: finds people in directories
    187/tcp+udp aci: Application Communication Interface
    188/tcp+udp mumps: MUMPS databases of hospitals
    189/tcp+udp qft: Queued File Transport
    190/tcp+udp gacp: Gateway Access Control Protocol
    191/tcp+udp prospero: Prospero directory of files on the Internet
    192/tcp+udp osu-nms: Network monitoring of Ohio State University
    193/tcp+udp srmp: Spider remote monitoring
    194/tcp irc: Internet Relay Chat; servers mostly use 6667
    195/tcp+udp dn6-nlm-aud: Audit of DNSIX network modules
    196/tcp+udp dn6-smm-red: Redirection of DNSIX session modules
    197/tcp+udp dls: Directory Location Service
    198/tcp+udp dls-mon: Monitor of the Directory Location Service
    199/tcp+udp smux: SNMP sub-agents talk to their agent
    200/tcp+udp src: System Resource Controller of IBM AIX
    201/tcp+udp at-rtmp: AppleTalk over UDP, routing
    202/tcp+udp at-nbp: AppleTalk over UDP, names
    203/tcp+udp at-3: AppleTalk over UDP, not used
    204/tcp+udp at-echo: AppleTalk over UDP, echo
    205/tcp+udp at-5: AppleTalk over UDP, not used
    206/tcp+udp at-zis: AppleTalk over UDP, zones
    207/tcp+udp at-7: AppleTalk over UDP, not used
    208/tcp+udp at-8: AppleTalk over UDP, not used
    209/tcp+udp qmtp: Quick Mail Transfer, of qmail
    210/tcp+udp z39-50 wais z3950 z39.50: Searches in library catalogues
    211/tcp+udp 914c-g: Terminals of Texas Instruments, 914C/G
    212/tcp+udp anet: ATEXSSTR, of newspaper publishing
    213/tcp+udp ipx: IPX of Novell, carried over IP
    214/tcp+udp vmpwscs:
    215/tcp+udp softpc: SoftPC of Insignia
    216/tcp+udp CAIlic: Licences of Computer Associates
    217/tcp+udp dbase: dBASE on Unix
    218/tcp+udp mpp: Message Posting Protocol
    219/tcp+udp uarps: Unisys address resolution
    220/tcp+udp imap3: Mail that stays on the server, a version that was not taken up
    221/tcp+udp fln-spx: Berkeley rlogin with SPX authentication
    222/tcp+udp rsh-spx: Berkeley rsh with SPX authentication
    223/tcp+udp cdc: Certificate Distribution Center
    224/tcp+udp masqdialer: Lets others of a network have the modem dial
    242/tcp+udp direct:
    243/tcp+udp sur-meas: Measurements of surveys
    244/tcp+udp inbusiness:
    245/tcp+udp link:
    246/tcp+udp dsp3270: Display Systems Protocol for 3270 terminals
    247/tcp+udp subntbcst-tftp: TFTP to all hosts of a subnet
    248/tcp+udp bhfhs:

    """
}
