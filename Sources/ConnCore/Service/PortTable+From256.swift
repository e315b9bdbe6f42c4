// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 256 to 511.
  static let from256: StaticString = """
    256/tcp+udp rap: RAP; Check Point firewalls are managed by it
    257/tcp+udp set: Secure Electronic Transactions
    259/tcp+udp esro-gen: Efficient short remote operations
    260/tcp+udp openport:
    261/tcp+udp nsiiops: CORBA names over TLS
    262/tcp+udp arcisdms:
    263/tcp+udp hdap:
    264/tcp+udp bgmp: Border Gateway Multicast: multicast between domains
    265/tcp+udp x-bone-ctl: Control of X-Bone overlay networks
    266/tcp+udp sst: SCSI over IP before iSCSI
    267/tcp+udp td-service: Tobit David, service layer
    268/tcp+udp td-replica: Tobit David, replicas
    269/tcp+udp manet: Routing in mobile ad-hoc networks
    270/udp gist: Signalling by Q-mode of GIST
    271/tcp pt-tls: State of a device's security, told before it may join a network
    280/tcp+udp http-mgmt: Management of devices by HTTP
    281/tcp+udp personal-link:
    282/tcp+udp cableport-ax:
    283/tcp+udp rescap: Capabilities of a mail recipient
    284/tcp+udp corerjd:
    286/tcp+udp fxp:
    287/tcp+udp k-block:
    308/tcp+udp novastorbakcup: Novastor backup
    309/tcp+udp entrusttime: Time by Entrust
    310/tcp+udp bhmds:
    311/tcp+udp asip-webadmin: Administration of AppleShare IP and macOS Server
    312/tcp+udp vslmp:
    313/tcp+udp magenta-logic:
    314/tcp+udp opalis-robot: Opalis Robot, automation
    315/tcp+udp dpsi:
    316/tcp+udp decauth:
    317/tcp+udp zannet:
    318/tcp+udp pkix-timestamp: Timestamps that prove when a document was there
    319/udp ptp-event: Precision Time Protocol, messages that are timed
    320/udp ptp-general: Precision Time Protocol, all other messages
    321/tcp+udp pip:
    322/tcp+udp rtsps: Control of media streams over TLS
    323/tcp rpki-rtr: Routers fetch which network may announce a route; chronyd's commands are udp
    324/tcp rpki-rtr-tls: Routers fetch which network may announce a route, over TLS
    333/tcp+udp texar: Texar security
    344/tcp+udp pdap: Prospero Data Access
    345/tcp+udp pawserv: Perf Analysis Workbench
    346/tcp+udp zserv: Zebra server
    347/tcp+udp fatserv: Fatmen server, of CERN's tape catalogues
    348/tcp+udp csi-sgwp: Cabletron's management
    349/tcp+udp mftp: Multicast file transfer
    350/tcp+udp matip-type-a: Airline reservations over IP, type A
    351/tcp+udp matip-type-b bhoetty: Airline messages over IP, type B
    352/tcp+udp dtag-ste-sb bhoedap4: Deutsche Telekom
    353/tcp+udp ndsauth: Authentication by Novell's directory
    354/tcp+udp bh611:
    355/tcp+udp datex-asn: DATEX: exchange between traffic control centres
    356/tcp+udp cloanto-net-1:
    357/tcp+udp bhevent:
    358/tcp+udp shrinkwrap:
    359/tcp+udp nsrmp: Network Security Risk Management
    360/tcp+udp scoi2odialog: I2O dialogues of SCO
    361/tcp+udp semantix:
    362/tcp+udp srssend:
    363/tcp+udp rsvp_tunnel rsvp-tunnel: RSVP, which reserves bandwidth, through tunnels
    364/tcp+udp aurora-cmgr:
    365/tcp+udp dtk: Deception Tool Kit, a honeypot
    366/tcp+udp odmr: On-demand mail relay, for hosts whose address changes
    367/tcp+udp mortgageware:
    368/tcp+udp qbikgdp:
    369/tcp+udp rpc2portmap: Portmapper of Coda's remote calls
    370/tcp+udp codaauth2: Authentication of the Coda file system
    371/tcp+udp clearcase: ClearCase version control
    372/tcp+udp ulistproc: ListProcessor of mailing lists
    373/tcp+udp legent-1: Legent Corporation
    374/tcp+udp legent-2: Legent Corporation
    375/tcp+udp hassle:
    376/tcp+udp nip: Amiga Envoy network inquiries
    377/tcp+udp tnETOS: NEC Corporation
    378/tcp+udp dsETOS: NEC Corporation
    379/tcp+udp is99c: TIA/EIA/IS-99 modems, client
    380/tcp+udp is99s: TIA/EIA/IS-99 modems, server
    381/tcp+udp hp-collector: HP's performance data, collector
    382/tcp+udp hp-managed-node: HP's performance data, managed node
    383/tcp+udp hp-alarm-mgr: HP's performance data, alarms; HP Operations agents
    384/tcp+udp arns: A Remote Network Server System
    385/tcp+udp ibm-app: IBM application
    386/tcp+udp asa: Object routers of ASA
    387/tcp+udp aurp: AppleTalk routing through IP
    388/tcp+udp unidata-ldm: Distribution of weather data by Unidata LDM
    389/tcp ldap: Directory of users and machines, not encrypted without StartTLS
    389/udp ldap: Connectionless LDAP: finding Active Directory; misused to amplify attacks
    390/tcp+udp uis:
    391/tcp+udp synotics-relay: SynOptics, SNMP relay
    392/tcp+udp synotics-broker: SynOptics, port broker
    393/tcp+udp meta5:
    394/tcp+udp embl-ndt: Nucleic data transfer of EMBL
    395/tcp+udp netcp: NETscout control
    396/tcp+udp netware-ip: Novell NetWare over IP
    397/tcp+udp mptn: Multi-protocol transport networks of IBM
    398/tcp+udp kryptolan:
    399/tcp+udp iso-tsap-c2: ISO transport class 2 over TCP
    400/tcp+udp osb-sd: Oracle Secure Backup
    401/tcp+udp ups: State of an uninterruptible power supply
    402/tcp+udp genie:
    403/tcp+udp decap:
    404/tcp+udp nced:
    405/tcp+udp ncld:
    406/tcp+udp imsp: Address books and options of mail programs
    407/tcp+udp timbuktu: Timbuktu remote desktop
    408/tcp+udp prm-sm: Prospero Resource Manager, system
    409/tcp+udp prm-nm: Prospero Resource Manager, node
    410/tcp+udp decladebug: Remote debugging by DECLadebug
    411/tcp+udp rmt: Remote magnetic tape
    412/tcp+udp synoptics-trap: SynOptics, traps
    413/tcp+udp smsp: Storage Management Services
    414/tcp+udp infoseek:
    415/tcp+udp bnet:
    416/tcp+udp silverplatter: SilverPlatter library databases
    417/tcp+udp onmux: Onmux, of Meeting Maker
    418/tcp+udp hyper-g: Hyper-G, hypertext of Graz
    419/tcp+udp ariel1: Ariel, documents between libraries
    420/tcp+udp smpte:
    421/tcp+udp ariel2: Ariel, documents between libraries
    422/tcp+udp ariel3: Ariel, documents between libraries
    423/tcp+udp opc-job-start: IBM operations planning, start of jobs
    424/tcp+udp opc-job-track: IBM operations planning, tracking of jobs
    425/tcp+udp icad-el: ICAD
    426/tcp+udp smartsdp:
    427/tcp+udp svrloc: Service Location: finds services of a network
    428/tcp+udp ocs_cmu:
    429/tcp+udp ocs_amu:
    430/tcp+udp utmpsd:
    431/tcp+udp utmpcd:
    432/tcp+udp iasd:
    433/tcp+udp nnsp usenet: Usenet news between servers
    434/tcp+udp mobileip-agent: Mobile IP, agent: an address that travels
    435/tcp+udp mobilip-mn: Mobile IP, the travelling host
    436/tcp+udp dna-cml:
    437/tcp+udp comscm:
    438/tcp+udp dsfgw:
    439/tcp+udp dasp:
    440/tcp+udp sgcp:
    441/tcp+udp decvms-sysmgt: System management of Digital VMS
    442/tcp+udp cvc_hostd: Remote console of Sun Enterprise 10000
    443/tcp https: The web over TLS
    443/udp https quic: The web by HTTP/3, over QUIC
    444/tcp+udp snpp: Messages to pagers
    445/tcp microsoft-ds smb cifs: Windows file sharing
    446/tcp+udp ddm-rdb: IBM DB2 and IBM i databases by DRDA
    447/tcp+udp ddm-dfm: IBM distributed files
    448/tcp+udp ddm-ssl: IBM databases by DRDA over TLS
    449/tcp+udp as-servermap: IBM i: on which ports its servers are
    450/tcp+udp tserver: Computer Supported Telecommunication
    451/tcp+udp sfs-smp-net: Cray's shared file system, network
    452/tcp+udp sfs-config: Cray's shared file system, configuration
    453/tcp+udp creativeserver:
    454/tcp+udp contentserver:
    455/tcp+udp creativepartnr:
    456/tcp macon-tcp: Macon
    456/udp macon-udp: Macon
    457/tcp+udp scohelp: Help pages of SCO Unix
    458/tcp+udp appleqtc: Apple QuickTime conferences
    459/tcp+udp ampr-rcmd: Remote commands in amateur packet radio
    460/tcp+udp skronk:
    461/tcp+udp datasurfsrv: DataRampSrv
    462/tcp+udp datasurfsrvsec: DataRampSrv, secured
    463/tcp+udp alpes:
    464/tcp kpasswd kpasswd5: Changes of Kerberos passwords
    464/udp kpasswd kpasswd5: Changes of Kerberos passwords
    465/tcp submissions smtps ssmtp urd: Mail from programs to their server, over TLS
    465/udp igmpv3lite: IGMP over UDP, for multicast from one source
    466/tcp+udp digital-vrc:
    467/tcp+udp mylex-mapd: Mylex RAID controllers
    468/tcp+udp photuris: Photuris, key exchange before IKE
    469/tcp+udp rcp: Radio Control Protocol
    470/tcp+udp scx-proxy:
    471/tcp+udp mondex: Mondex electronic money
    472/tcp+udp ljk-login: Logins of LJK software
    473/tcp+udp hybrid-pop:
    474/tcp tn-tl-w1:
    474/udp tn-tl-w2:
    475/tcp+udp tcpnethaspsrv: NetHASP licence keys
    476/tcp+udp tn-tl-fd1:
    477/tcp+udp ss7ns: SS7 telephone signalling, names
    478/tcp+udp spsc:
    479/tcp+udp iafserver:
    480/tcp+udp iafdbase:
    481/tcp+udp ph: Telephone book of CCSO
    482/tcp+udp bgs-nsi:
    483/tcp+udp ulpnet:
    484/tcp+udp integra-sme: Integra management
    485/tcp+udp powerburst: Air Soft Power Burst, faster remote access
    486/tcp+udp avian:
    487/tcp+udp saft: Files sent to a user of another host
    488/tcp+udp gss-http: HTTP secured by GSS
    489/tcp+udp nest-protocol: Nest of Novell, for embedded devices
    490/tcp+udp micom-pfs: Micom
    491/tcp+udp go-login: GO-Global remote desktop
    492/tcp+udp ticf-1: Transport independent convergence for FNA, first
    493/tcp+udp ticf-2: Transport independent convergence for FNA, second
    494/tcp+udp pov-ray: POV-Ray rendering on several hosts
    495/tcp+udp intecourier:
    496/tcp+udp pim-rp-disc: Multicast routers find their meeting point
    497/tcp+udp retrospect dantz: Retrospect backup
    498/tcp+udp siam:
    499/tcp+udp iso-ill: ISO interlibrary loans
    500/udp isakmp ike: Key exchange of IPsec
    501/tcp+udp stmf: Simple Transportation Management: road signs and signals
    502/tcp mbap modbus: Modbus: industrial controllers, with no authentication
    502/udp mbap modbus: Modbus: industrial controllers, with no authentication
    503/tcp+udp intrinsa:
    504/tcp+udp citadel: Citadel groupware
    505/tcp+udp mailbox-lm: Licences of Mailbox
    506/tcp+udp ohimsrv:
    507/tcp+udp crs: crs; replication of Microsoft content
    508/tcp+udp xvttp:
    509/tcp+udp snare:
    510/tcp+udp fcp: FirstClass groupware
    511/tcp+udp passgo: PassGo passwords

    """
}
