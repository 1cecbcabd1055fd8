using System.Net.Sockets;

namespace Holdfast.Engine.Hosts;

/// <summary>Describes why a connection to a Unix socket failed.</summary>
public static class UnixSocket
{
    /// <summary>The reason, as a part of a sentence without its end. Of a socket that does not exist .NET reports "Cannot assign requested address".</summary>
    /// <param name="path">The socket's absolute path.</param>
    /// <param name="failure">The exception of the connection.</param>
    public static string Explain(string path, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable => $"the socket {path} does not exist{(Directory.Exists(Path.GetDirectoryName(path)) ? "" : ", nor does its directory")}",
        SocketError.ConnectionRefused => $"no server listens on the socket {path}, which one has left behind",
        SocketError.AccessDenied => $"this user may not connect to the socket {path}",
        _ => failure.Message.TrimEnd('.'),
    };
}
