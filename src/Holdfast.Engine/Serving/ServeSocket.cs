using System.Net.Sockets;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>
/// The socket of the service. It is for its owner alone: it is created under another name with a mask that excludes all
/// other users, given its owner, and then renamed, so that no other user can connect at any instant. In a folder of
/// another user it is created as that user, and not handed over by chown of its path, which may name another file by
/// then.
/// </summary>
public sealed partial class ServeSocket : IDisposable
{
    private const int OthersMasked = 0x3F; // 077
    private readonly Socket _socket;

    private ServeSocket(Socket socket, string path) => (_socket, Path) = (socket, path);

    public string Path { get; }

    /// <param name="path">The path of the socket; one that a dead service left there is replaced.</param>
    /// <param name="owner">The user who may connect, besides root; null for the current user.</param>
    /// <exception cref="ProblemException">Another service responds there, or the socket cannot be created.</exception>
    public static ServeSocket Listen(string path, (uint User, uint Group)? owner)
    {
        if (Answers(path)) throw Catalogue.ServeRuns.Throwable($"Another 'holdfast serve' answers at {path} already.");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var making = $"{path}.{Environment.ProcessId}";
        try
        {
            using (TrustedPath.ActAsKeeper(path))
            {
                PrivateFolder.MakeShared(System.IO.Path.GetDirectoryName(path)!); // who may connect is decided by the socket's own mode
                File.Delete(making);
                Bind(socket, making);
            }
            if (owner is { } given) Give(making, given);
            socket.Listen(256);
            using (TrustedPath.ActAsKeeper(path)) File.Move(making, path, overwrite: true);
            return new ServeSocket(socket, path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or SocketException or ArgumentException)
        {
            socket.Dispose();
            throw Catalogue.ServeSocket.Throwable($"The socket {path} cannot be made: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    /// <summary>Waits for the next connection.</summary>
    public async Task<ServeConnection> AcceptAsync(CancellationToken cancellation) => new(await _socket.AcceptAsync(cancellation));

    public void Dispose()
    {
        using (TrustedPath.ActAsKeeper(Path)) File.Delete(Path);
        _socket.Dispose();
    }

    private static void Bind(Socket socket, string path)
    {
        var before = umask(OthersMasked);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
        }
        finally
        {
            _ = umask(before);
        }
    }

    /// <summary>Changes the owner by path, where only root can replace the file.</summary>
    private static void Give(string path, (uint User, uint Group) owner)
    {
        if (TrustedPath.Keeper(path) is { } keeper && Environment.IsPrivilegedProcess)
        {
            if (keeper.User != owner.User) throw new IOException("its folder belongs to another user than the socket shall; choose one of root's or of that user's");
            return;
        }
        if (lchown(path, owner.User, owner.Group) != 0) throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
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
    private static partial int lchown(string path, uint user, uint group);

    [LibraryImport("libc")]
    private static partial int umask(int mask);
}
