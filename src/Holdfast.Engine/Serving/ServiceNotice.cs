using System.Net.Sockets;
using System.Text;

namespace Holdfast.Engine.Serving;

/// <summary>
/// Reports the state of a service of Type=notify to systemd. Source: sd_notify(3). Does nothing when no notification
/// socket is set.
/// </summary>
public static class ServiceNotice
{
    public const string Ready = "READY=1", Stopping = "STOPPING=1";

    public static void Report(Func<string, string?> environment, string state)
    {
        if (environment("NOTIFY_SOCKET") is not { Length: > 0 } path) return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        // A name that begins with @ is an abstract socket, not a file.
        socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        socket.Send(Encoding.UTF8.GetBytes(state));
    }
}
