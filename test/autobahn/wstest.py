# Runs the suite's own command, wstest, from the folder that it is installed in. Arguments: the
# folder, then those of wstest.
import site
import sys

folder = sys.argv.pop(1)
sys.path.insert(0, folder)
site.addsitedir(folder)

from twisted.internet import reactor

listen = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=""):
    # The suite would listen on every interface.
    return listen(port, factory, backlog, "127.0.0.1")


reactor.listenTCP = listen_on_loopback
reactor.callWhenRunning(lambda: sys.stdout.write("running\n"))

from autobahntestsuite import wstest

wstest.run()
