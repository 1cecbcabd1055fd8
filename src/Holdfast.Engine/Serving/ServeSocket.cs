using System.Net.Sockets;
using System.Runtime.InteropServices;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>
/// The socket of the service. It is for one user alone, its owner: it is made under another name, given its owner and its mode, and then
/// renamed, so that there is no instant at which somebody else could connect.
/// </summary>
public sealed partial class ServeSocket : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly Socket _socket;

    private ServeSocket(Socket socket, string path) => (_socket, Path) = (socket, path);

    public string Path { get; }

    /// <param name="path">Where it is to be; what a dead service has left there is replaced.</param>
    /// <param name="owner">Who may connect, besides root; null for the user we are.</param>
    /// <exception cref="ProblemException">Another service answers there, or the socket can not be made.</exception>
    public static ServeSocket Listen(string path, (uint User, uint Group)? owner)
    {
        if (Answers(path)) throw Catalogue.ServeRuns.Throwable($"Another 'holdfast serve' answers at {path} already.");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var making = $"{path}.{Environment.ProcessId}";
        try
        {
            PrivateFolder.MakeShared(System.IO.Path.GetDirectoryName(path)!); // who may connect is decided by the socket's own mode
            File.Delete(making);
            socket.Bind(new UnixDomainSocketEndPoint(making));
            File.SetUnixFileMode(making, OwnerOnly);
            if (owner is { } given && chown(making, given.User, given.Group) != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
            socket.Listen(256);
            File.Move(making, path, overwrite: true);
            return new ServeSocket(socket, path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or SocketException or ArgumentException)
        {
            socket.Dispose();
            throw Catalogue.ServeSocket.Throwable($"The socket {path} can not be made: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    /// <summary>Waits for the next one who asks.</summary>
    public async Task<ServeConnection> AcceptAsync(CancellationToken cancellation) => new(await _socket.AcceptAsync(cancellation));

    public void Dispose()
    {
        File.Delete(Path);
        _socket.Dispose();
    }

    private static bool Answers(string path)
    {
        if (!File.Exists(path)) return false;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint user, uint group);
}
