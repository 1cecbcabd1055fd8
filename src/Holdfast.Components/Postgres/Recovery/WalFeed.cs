using System.Security.Cryptography;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Serves WAL to a recovering server, one segment after the other, as long as the restore waits for it, so that WAL of
/// any length needs the space of a few segments only. The server fetches it by 'holdfast wal fetch', which needs
/// neither the repository nor its password.
/// </summary>
internal sealed class WalFeed : IAsyncDisposable
{
    private const UnixFileMode Passage = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly CancellationTokenSource _end = new();
    private readonly ServeSocket _socket;
    private readonly string _folder;
    private readonly Task _serving;

    private WalFeed(ServeSocket socket, string folder, WalSupply supply)
    {
        (_socket, _folder) = (socket, folder);
        _serving = new ServeLoop(socket, (words, _, cancellation) => AnswerAsync(supply, words, cancellation)).RunAsync(_end.Token, _end.Token);
    }

    /// <summary>
    /// Returns a new path for a socket, in a folder that only root can write: in the data directory the server's user
    /// could exchange the socket while it is created.
    /// </summary>
    public static string NewSocket()
    {
        var place = Environment.IsPrivilegedProcess && Directory.Exists("/run") ? "/run" : Path.GetTempPath().TrimEnd('/');
        return $"{place}/holdfast-wal-{RandomNumberGenerator.GetHexString(16, lowercase: true)}/wal.sock";
    }

    /// <summary>Returns the value of restore_command.</summary>
    public static string Command(string program, string socket) => $"\"{program.Replace("%", "%%", StringComparison.Ordinal)}\" wal fetch %f %p --socket \"{socket.Replace("%", "%%", StringComparison.Ordinal)}\"";

    /// <summary>
    /// Returns whether a user can run the program, which may be in a folder that only root can enter.
    /// </summary>
    public static async Task<bool> CanRunAsync(IHost host, string program, string? user, CancellationToken cancellation)
    {
        if (program.AsSpan().ContainsAny("\"$`\\")) return false;
        try
        {
            var (result, _) = await host.RunAsync(new ProgramCall(program, ["--version"]) { User = user }, cancellation);
            return result.ExitCode == 0;
        }
        catch (ProblemException)
        {
            return false;
        }
    }

    /// <exception cref="ProblemException">The socket cannot be created.</exception>
    public static WalFeed Open(string socket, (uint User, uint Group)? owner, WalSupply supply)
    {
        var folder = Path.GetDirectoryName(socket)!;
        try
        {
            Directory.CreateDirectory(folder, Passage);
            File.SetUnixFileMode(folder, Passage); // regardless of the umask
            return new WalFeed(ServeSocket.Listen(socket, owner), folder, supply);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.ServeSocket.Throwable($"The socket {socket} cannot be made: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _serving;
        _socket.Dispose();
        Directory.Delete(_folder);
        _end.Dispose();
    }

    private static async Task<ServeAnswer> AnswerAsync(WalSupply supply, IReadOnlyList<string> words, CancellationToken cancellation) => words is ["fetch", _, var name]
        ? await supply.OpenAsync(name, cancellation) is { } found ? new ServeAnswer { Content = found.Content, Length = found.Length } : new ServeAnswer { IsThere = false }
        : ServeAnswer.Of(Catalogue.ServeRequest.With($"A restore does not know what '{words[0]}' is."));
}
