using System.Net;
using System.Net.NetworkInformation;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;

namespace Holdfast.Engine.Checking;

/// <summary>
/// Checks whether users are active: connections to the ports of the platform, and the user counts of the platform
/// itself.
/// </summary>
/// <param name="ports">TCP ports.</param>
/// <param name="questions">The requests to the platform.</param>
/// <param name="tables">The kernel's tables of connections: "/proc/net".</param>
public sealed class UsersCheck(IReadOnlyList<int> ports, IReadOnlyList<WebQuestion> questions, string tables) : ICheckSource
{
    /// <summary>The number of addresses that are listed by name.</summary>
    private const int Named = 5;

    private static readonly string[] _names = ["tcp", "tcp6"];

    public string Name => "users";

    public string Question => "signed in";

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        var asked = new CheckQuestions(Name, cancellation);
        if (ports.Count > 0) await asked.AskAsync("connections", () => Task.FromResult(Judge(Read())));
        foreach (var question in questions) await asked.AskAsync(question.Name, () => AskAsync(question, cancellation));
        return asked.Lines;
    }

    private List<TcpConnection> Read()
    {
        try
        {
            // A machine without IPv6 has no second table.
            var files = _names.Select(name => Path.Combine(tables, name)).Where((path, index) => index == 0 || File.Exists(path));
            return [.. files.SelectMany(path => TcpConnection.Read(File.ReadAllLines(path))).Where(one => ports.Contains(one.LocalPort))];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or FormatException)
        {
            throw Catalogue.CheckFailed.Throwable($"The kernel's table of connections cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }

    private CheckLine Judge(List<TcpConnection> found)
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(address => address.Address).ToHashSet();
        var others = found.Where(one => !IPAddress.IsLoopback(one.Remote) && !one.Remote.Equals(one.Local) && !own.Contains(one.Remote)).ToList();
        var where = $"port{(ports.Count == 1 ? "" : "s")} {string.Join(", ", ports)}";
        if (others.Count > 0) return new CheckLine(Name, "connections", CheckState.Fail, $"{Count(others.Count)} to {where} from {Describe(others)}") { Hint = "Ask them to sign out, or stop what serves them: 'holdfast platform stop'. A load balancer in front keeps connections open too." };
        return found.Count == 0
            ? new CheckLine(Name, "connections", CheckState.Pass, $"none to {where}")
            : new CheckLine(Name, "connections", CheckState.Warn, $"{Count(found.Count)} to {where} from this machine alone") { Hint = "A program of this machine uses the platform, a proxy or a monitor say; users who come by a proxy are seen there." };
    }

    private static string Count(int connections) => connections == 1 ? "1 connection" : $"{connections} connections";

    private static string Describe(IEnumerable<TcpConnection> connections)
    {
        var machines = connections.GroupBy(one => one.Remote).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.ToString(), StringComparer.Ordinal).ToList();
        var named = machines.Take(Named).Select(group => group.Count() == 1 ? $"{group.Key}" : $"{group.Key} ({group.Count()})");
        return string.Join(", ", named) + (machines.Count > Named ? $" and {machines.Count - Named} more machines" : "");
    }

    private async Task<CheckLine> AskAsync(WebQuestion question, CancellationToken cancellation)
    {
        var answer = await question.AskAsync(cancellation);
        return answer is null
            ? new CheckLine(Name, question.Name, CheckState.Pass, "none")
            : new CheckLine(Name, question.Name, CheckState.Fail, $"the platform answers {answer}") { Hint = "Ask them to sign out, or stop what serves them: 'holdfast platform stop'." };
    }
}
