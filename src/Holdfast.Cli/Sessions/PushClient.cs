using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Cli.Sessions;

/// <summary>
/// "wal push" as archive_command calls it, for every segment: it passes the path to the service and waits, and nothing
/// else is loaded. Any other form of the command goes to the parser of all commands, which calls this class too.
/// </summary>
internal static class PushClient
{
    /// <summary>
    /// The time limit for an answer: the service answers when the segment is durable, which another process's exclusive
    /// lock delays by a minute at most. After it, PostgreSQL shall try again.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The exit code; null for anything but "wal push PATH [--cluster NAME] [--socket PATH]".</summary>
    public static int? TryRun(string[] arguments)
    {
        if (arguments is not ["wal", "push", ..]) return null;
        string? path = null, cluster = null, socket = null;
        for (var i = 2; i < arguments.Length; i++)
        {
            if (arguments[i] == "--cluster" && i + 1 < arguments.Length) cluster = arguments[++i];
            else if (arguments[i] == "--socket" && i + 1 < arguments.Length) socket = arguments[++i];
            else if (path is null && !arguments[i].StartsWith('-')) path = arguments[i];
            else return null;
        }
        return path is null ? null : Run(path, cluster, socket);
    }

    /// <summary>Returns when the file is durable.</summary>
    /// <exception cref="ProblemException">The file is not durable.</exception>
    public static void Push(string path, string? cluster, string socket)
    {
        using var client = ServeClient.Connect(socket, Patience);
        // PostgreSQL names the file below its data directory, which is the current one.
        var answer = client.Ask("push", cluster ?? "", Path.GetFullPath(path));
        if (answer.Problem is { } problem) throw new ProblemException(problem);
    }

    private static int Run(string path, string? cluster, string? socket)
    {
        try
        {
            Push(path, cluster, socket ?? ServeClient.DefaultSocket(Environment.GetEnvironmentVariable));
            return 0;
        }
        catch (ProblemException refused)
        {
            using var output = Surroundings.OfProcess().Open(json: false, quiet: false);
            output.Report(ProblemEvent.Error(refused.Problem));
            return (int)refused.Problem.Exit;
        }
    }
}
