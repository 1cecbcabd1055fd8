using System.Net.Sockets;
using System.Text;

namespace Holdfast.Engine.Serving;

/// <summary>Tells systemd how a service of Type=notify is. Source: sd_notify(3). Where nobody asked to be told, nothing is done.</summary>
public static class ServiceNotice
{
    public const string Ready = "READY=1", Stopping = "STOPPING=1";

    public static void Report(Func<string, string?> environment, string state)
    {
        if (environment("NOTIFY_SOCKET") is not { Length: > 0 } path) return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        // A name that begins with @ is none of a file.
        socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        socket.Send(Encoding.UTF8.GetBytes(state));
    }
}
