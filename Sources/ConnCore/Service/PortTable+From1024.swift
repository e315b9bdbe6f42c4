// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

extension PortTable {
  /// Ports 1024 to 3999.
  static let from1024: StaticString = """
    1080/tcp socks: SOCKS proxy
    1080/udp socks: Datagrams through a SOCKS proxy
    1085/tcp+udp webobjects: Apple WebObjects
    1093/tcp+udp proofd: PROOF, data analysis of ROOT
    1094/tcp+udp rootd: Files of ROOT, data analysis of physicists
    1098/tcp+udp rmiactivation: Java RMI, activation of objects
    1099/tcp rmiregistry: Java RMI: where remote objects are
    1127/tcp ~supfiledbg: SUP, debugging
    1155/tcp+udp nfa: Network File Access
    1167/tcp+udp cisco-ipsla: Cisco measurements of delays
    1178/tcp+udp skkserv: Japanese input, SKK
    1194/tcp openvpn: OpenVPN tunnels
    1194/udp openvpn: OpenVPN tunnels
    1210/udp eoss predict: EOSS; positions of satellites
    1214/tcp+udp kazaa: KaZaA file sharing
    1236/tcp rmtcfg =bvcontrol: Gracilis packet radio, configuration
    1241/tcp+udp nessus: Nessus vulnerability scanner
    1270/tcp+udp opsmgr: Microsoft System Center Operations Manager
    1293/tcp+udp pkt-krb-ipsec: IPsec keys by PacketCable Kerberos
    1311/tcp+udp rxmon dell-omsa: RxMon; Dell OpenManage
    1313/tcp xtel =bmc_patroldb: Minitel terminals
    1314/tcp xtelw =pdps: Minitel terminals, in a window
    1337/tcp+udp menandmice-dns:
    1352/tcp lotusnote lotusnotes: HCL and Lotus Notes
    1414/tcp+udp ibm-mqseries: IBM MQ message queues
    1417/tcp+udp timbuktu-srv1: Timbuktu remote desktop, first of four
    1418/tcp+udp timbuktu-srv2: Timbuktu remote desktop, second of four
    1419/tcp+udp timbuktu-srv3: Timbuktu remote desktop, third of four
    1420/tcp+udp timbuktu-srv4: Timbuktu remote desktop, last of four
    1433/tcp ms-sql-s mssql: Microsoft SQL Server
    1434/tcp ms-sql-m: Administrator's connection to Microsoft SQL Server
    1434/udp ms-sql-m: Tells on which ports SQL Server's instances are
    1494/tcp ica citrix-ica: Citrix remote desktop
    1494/udp ica: Citrix remote desktop
    1503/tcp+udp imtc-mcs: Shared screens of NetMeeting, T.120
    1512/tcp+udp wins: Windows Internet Name Service
    1521/tcp oracle =ncube-lm: Oracle database listener; registered for nCube licences
    1524/tcp+udp ingreslock: Locks of Ingres; known as a place of back doors
    1526/tcp+udp pdap-np: Prospero data access; Oracle databases
    1545/tcp+udp vistium-share:
    1547/tcp+udp laplink: LapLink file transfer
    1589/tcp+udp vqp: Cisco VLAN queries
    1604/udp icabrowser: Citrix servers are found here
    1645/tcp radius-old =sightline datametrics old-radius: RADIUS on its old port, by TCP
    1645/udp radius-old =sightline datametrics old-radius: RADIUS on its old port: logins are checked
    1646/tcp radius-acct-old =sa-msg-port old-radacct: RADIUS accounting on its old port, by TCP
    1646/udp radius-acct-old =sa-msg-port old-radacct: RADIUS accounting on its old port
    1649/tcp+udp kermit: Kermit file transfer
    1666/tcp+udp perforce =netview-aix-6: Perforce version control
    1677/tcp+udp groupwise: Novell GroupWise
    1701/udp l2f l2tp: L2TP tunnels
    1707/tcp+udp vdmplay:
    1718/udp h323gatedisc: H.323 telephony: finding a gatekeeper
    1719/udp h323gatestat: H.323 telephony: registration with a gatekeeper
    1720/tcp h323hostcall: H.323 telephony: setting up calls
    1723/tcp pptp: PPTP tunnels, control; their encryption is broken
    1741/tcp+udp cisco-net-mgmt: CiscoWorks
    1755/tcp+udp ms-streaming: Windows Media streams
    1801/tcp+udp msmq: Microsoft Message Queuing
    1812/tcp radius: RADIUS over TCP
    1812/udp radius: RADIUS: logins to networks are checked
    1813/tcp radius-acct radacct: RADIUS accounting over TCP
    1813/udp radius-acct radacct: RADIUS accounting
    1863/tcp+udp msnp: MSN Messenger
    1883/tcp mqtt: MQTT messages of devices, not encrypted
    1900/udp ssdp upnp: UPnP devices are found here; misused to amplify attacks
    1935/tcp macromedia-fcs rtmp: RTMP: live video to servers
    1935/udp macromedia-fcs: RTMFP: live video
    1947/tcp+udp sentinelsrm: Sentinel licence keys
    1967/udp ~cisco-ipsla-control:
    1984/tcp+udp bb xymon: Big Brother and Xymon monitoring
    1985/udp hsrp: Cisco routers stand in for each other
    1986/tcp+udp licensedaemon: Cisco licences
    1998/tcp+udp x25-svc-port: X.25 over TCP, of Cisco
    2000/tcp cisco-sccp: Cisco telephones; MikroTik bandwidth tests
    2000/udp cisco-sccp: Cisco telephones
    2003/tcp graphite =brutus cfinger: Graphite takes metrics as text lines
    2004/tcp graphite-pickle =mailbox: Graphite takes metrics as Python pickles
    2010/tcp+udp search pipe_server:
    2049/tcp nfs: Network file system
    2049/udp nfs: Network file system, versions 2 and 3
    2082/tcp cpanel =infowave: cPanel's web pages, not encrypted
    2083/tcp cpanel-tls =radsec: cPanel's web pages; registered for RADIUS over TLS
    2083/udp radsec: RADIUS over DTLS
    2086/tcp+udp gnunet: GNUnet; WHM of cPanel by tcp
    2087/tcp+udp eli: Event logging integration; WHM of cPanel over TLS
    2095/tcp cpanel-webmail =nbx-ser: cPanel's webmail
    2096/tcp cpanel-webmail-tls =nbx-dir: cPanel's webmail over TLS
    2101/tcp rtcm-sc104: Corrections for satellite positions, NTRIP
    2101/udp rtcm-sc104: Corrections for satellite positions
    2102/tcp+udp zephyr-srv: Zephyr notices, server
    2103/tcp+udp zephyr-clt: Zephyr notices, client
    2104/tcp+udp zephyr-hm: Zephyr notices, host manager
    2105/tcp+udp minipay eklogin: MiniPay; Kerberos login with encryption
    2111/tcp+udp dsatp kx: DSATP; X over Kerberos
    2119/tcp+udp gsigatekeeper: Jobs of Globus grids
    2121/tcp scientia-ssdb iprop ftp-alt: Scientia; FTP servers of users and proxies
    2123/udp gtp-control: GPRS tunnels of mobile networks, control
    2135/tcp+udp gris: Resources of Globus grids
    2152/udp gtp-user: GPRS tunnels of mobile networks, user data
    2181/tcp zookeeper =eforward: ZooKeeper coordination of clusters
    2195/tcp ~apns: Apple push notifications, sending
    2196/tcp ~apns-feedback: Apple push notifications, feedback
    2222/tcp ssh-alt =EtherNet-IP-1: Often a second SSH; EtherNet/IP of factories
    2223/tcp+udp rockwell-csp2: Rockwell controllers
    2342/tcp+udp seekdos:
    2375/tcp docker: Docker's API, with neither encryption nor password: root for all
    2376/tcp docker-s: Docker's API over TLS
    2377/tcp swarm: Docker Swarm, management of the cluster
    2379/tcp etcd-client etcd: etcd key-value store, clients
    2380/tcp etcd-server: etcd key-value store, between servers
    2381/tcp+udp compaq-https: HP System Management, web pages over TLS
    2401/tcp cvspserver: CVS version control
    2404/tcp iec-104: IEC 60870-5-104: control of power grids
    2427/udp mgcp-gateway: Media gateways of telephony, gateway
    2430/tcp+udp venus: Coda file system, cache
    2431/tcp+udp venus-se: Coda file system, side effects
    2432/tcp+udp codasrv: Coda file system, server
    2433/tcp+udp codasrv-se: Coda file system, server's side effects
    2483/tcp+udp ttc: Oracle database
    2484/tcp+udp ttc-ssl: Oracle database over TLS
    2525/tcp smtp-alt =ms-v-worlds: Often a second port for mail submission
    2546/tcp+udp vytalvaultbrtp: Backups of Vytal Vault and EVault
    2583/tcp+udp mon: mon, monitoring of services
    2600/tcp+udp zebrasrv =hpstgmgr: Zebra and FRR routing, service
    2601/tcp+udp discp-client zebra: Zebra and FRR routing, console
    2602/tcp+udp discp-server ripd: RIP of Zebra and FRR, console
    2603/tcp+udp servicemeter ripngd: RIPng of Zebra and FRR, console
    2604/tcp+udp nsc-ccs ospfd: OSPF of Zebra and FRR, console
    2605/tcp+udp nsc-posa bgpd: BGP of Zebra and FRR, console
    2606/tcp+udp netmon ospf6d: OSPF for IPv6 of Zebra and FRR, console
    2607/tcp+udp connection ospfapi: OSPF's API of Zebra and FRR
    2608/tcp+udp wag-service isisd: IS-IS of Zebra and FRR, console
    2628/tcp dict: Dictionaries
    2638/tcp+udp sybaseanywhere: SAP SQL Anywhere
    2710/tcp+udp bittorrent-tracker =sso-service: Trackers of BitTorrent
    2727/udp mgcp-callagent: Media gateways of telephony, call agent
    2775/tcp smpp: Text messages between providers, SMPP
    2792/tcp+udp f5-globalsite:
    2809/tcp+udp corbaloc: CORBA names
    2811/tcp+udp gsiftp: File transfer of Globus grids
    2947/tcp gpsd: Positions of GPS receivers
    2948/tcp+udp wap-push: Messages pushed to mobile phones
    2967/tcp+udp ssc-agent: Symantec antivirus
    3000/tcp+udp grafana =hbci remoteware-cl: Grafana, and web servers of developers; HBCI banking
    3001/tcp origo-native: OrigoDB; often a web server of developers
    3050/tcp gds-db gds_db firebird: Firebird and InterBase databases
    3074/tcp xbox: Xbox network
    3074/udp xbox: Xbox network
    3100/tcp loki =opcon-xps: Loki takes and searches logs
    3128/tcp squid-http ndl-aas: Squid web proxy
    3130/udp icpv2 icp: Web caches ask each other
    3205/tcp+udp isns: Finding of iSCSI targets
    3260/tcp iscsi-target iscsi: Disks over the network
    3268/tcp msft-gc: Active Directory's global catalogue
    3269/tcp msft-gc-ssl: Active Directory's global catalogue over TLS
    3283/tcp+udp net-assistant: Apple Remote Desktop
    3299/tcp saprouter pdrncs:
    3306/tcp mysql mariadb: MySQL and MariaDB databases
    3310/tcp+udp dyna-access clamd: Dyna Access; ClamAV virus scanner by tcp
    3333/tcp dec-notes-alt =dec-notes: DEC Notes; mining pools
    3389/tcp ms-wbt-server rdp: Windows remote desktop
    3389/udp ms-wbt-server rdp: Windows remote desktop, faster path
    3410/tcp+udp networklenss: NetworkLens
    3455/tcp+udp prsvp: RSVP port
    3478/tcp stun turn: STUN and TURN: calls through NAT
    3478/udp stun turn: STUN and TURN: calls through NAT
    3493/tcp+udp nut: Network UPS Tools
    3525/tcp+udp eis: Eastman Kodak
    3544/udp teredo: IPv6 tunnels of Windows through NAT
    3551/tcp+udp apcupsd: State of APC power supplies
    3632/tcp distcc: Compiling on several hosts
    3659/tcp+udp apple-sasl: Apple's password server
    3671/tcp+udp efcp: KNXnet/IP: building control
    3689/tcp daap: Shared music of iTunes
    3690/tcp svn subversion: Subversion version control
    3702/tcp ws-discovery: Devices are found here
    3702/udp ws-discovery ws-discov: Devices are found here; misused to amplify attacks
    3724/tcp blizwow: World of Warcraft
    3724/udp blizwow: World of Warcraft, voice
    3784/udp bfd-control: Routers notice within milliseconds that a link is dead
    3785/udp bfd-echo: Routers notice that a link is dead, echo
    3868/tcp diameter: Diameter: authentication and accounting of mobile networks
    3910/tcp+udp prnrequest: Printer requests of Windows
    3986/tcp+udp mapper-ws-ethd: MAPPER workstations

    """
}
