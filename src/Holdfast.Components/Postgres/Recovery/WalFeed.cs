using System.Security.Cryptography;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Hands a recovering server its WAL, one segment after the other, as long as the restore waits for it: so WAL of any length takes the room
/// of a few segments. The server asks by 'holdfast wal fetch', which needs neither the repository nor its password for that.
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

    /// <summary>A new path for a socket, in a folder that root alone can write: in the data directory the server's user could exchange it while it is made.</summary>
    public static string NewSocket()
    {
        var place = Environment.IsPrivilegedProcess && Directory.Exists("/run") ? "/run" : Path.GetTempPath().TrimEnd('/');
        return $"{place}/holdfast-wal-{RandomNumberGenerator.GetHexString(16, lowercase: true)}/wal.sock";
    }

    /// <summary>What restore_command is.</summary>
    public static string Command(string program, string socket) => $"\"{program.Replace("%", "%%", StringComparison.Ordinal)}\" wal fetch %f %p --socket \"{socket.Replace("%", "%%", StringComparison.Ordinal)}\"";

    /// <summary>Whether a user can run the program: it may lie where only root can go.</summary>
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

    /// <exception cref="ProblemException">The socket can not be made.</exception>
    public static WalFeed Open(string socket, (uint User, uint Group)? owner, WalSupply supply)
    {
        var folder = Path.GetDirectoryName(socket)!;
        try
        {
            Directory.CreateDirectory(folder, Passage);
            File.SetUnixFileMode(folder, Passage); // whatever the mask is
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
