namespace Holdfast.Engine.Profiles;

/// <summary>
/// The actions of a profile on a machine: commands that are run, files that are read, servers and users that are used.
/// Everyone who can write to a repository can change a profile in it, so these actions are shown to a person before any
/// of them is performed.
/// </summary>
/// <param name="Commands">Programs with their arguments, and statements.</param>
/// <param name="Reads">Secrets and files that are read.</param>
/// <param name="Connections">Servers of the components.</param>
/// <param name="Users">Users of this machine that programs run as, or that files are given to.</param>
/// <param name="Units">Units of systemd that are stopped and started.</param>
public sealed record ProfileReach(
    IReadOnlyList<string> Commands, IReadOnlyList<string> Reads, IReadOnlyList<string> Connections, IReadOnlyList<string> Users, IReadOnlyList<string> Units)
{
    /// <summary>Paths and patterns of the files that the profile selects: a restore in place writes them.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    private static readonly string[] _statements = ["sql", "failed"], _users = ["system-user", "owner"];

    /// <summary>True when the profile names only files to capture and restore.</summary>
    public bool IsEmpty => Commands.Count + Reads.Count + Connections.Count + Users.Count + Units.Count == 0;

    /// <summary>Finds all actions. Unknown keys count as reads when their value is an absolute path or a URL.</summary>
    public static ProfileReach Of(Profile profile)
    {
        var found = new Collector();
        foreach (var section in profile.Root.Keys)
            if (section is not ("platform" or "repository" or "quiesce")) found.Walk(profile.Root[section], section);
        // The caller has chosen the repository; its credentials would be read by a later recovery.
        if (profile.Root.Find("repository")?.Find("password") is { } password) found.Walk(password, "repository.password");
        var groups = profile.Root.Find("components")?.Find("files")?.Find("groups");
        return found.Reach with { Files = [.. groups?.Keys.SelectMany(name => groups[name].Items).Select(entry => entry.IsScalar ? entry.Text : entry["path"].Text) ?? []] };
    }

    private sealed class Collector
    {
        private readonly List<string> _commands = [], _reads = [], _connections = [], _asUsers = [], _units = [];

        public ProfileReach Reach => new(Unique(_commands), Unique(_reads), Unique(_connections), Unique(_asUsers), Unique(_units));

        public void Walk(ProfileNode node, string place)
        {
            if (place is "components.files") return;
            if (node.IsMapping) WalkMapping(node, place);
            else foreach (var item in node.Items) WalkItem(item, place);
        }

        private void WalkItem(ProfileNode item, string place)
        {
            if (place.StartsWith("components.", StringComparison.Ordinal) && place.Count(letter => letter == '.') == 1) _connections.Add(Connection(item, place["components.".Length..]));
            if (!item.IsScalar) Walk(item, item.Find("name") is { IsScalar: true } name ? $"{place}.{name.Text}" : place);
        }

        private void WalkMapping(ProfileNode node, string place)
        {
            foreach (var key in node.Keys)
            {
                var value = node[key];
                var words = value.Items.Where(item => item.IsScalar).Select(item => item.Text);
                if (key is "run" or "command" && value.Items.Count > 0) _commands.Add(string.Join(' ', words) + AsUser(node));
                else if (key is "units") _units.AddRange(words);
                else if (value.IsScalar) See(key, value.Text, place);
                else Walk(value, $"{place}.{key}");
            }
        }

        private void See(string key, string text, string place)
        {
            if (_statements.Contains(key)) _commands.Add($"{text} ({place})");
            else if (_users.Contains(key)) _asUsers.Add(text);
            else if (key == "service") _units.Add(text);
            else if (key is "file") _reads.Add(text);
            else if (key is "env" or "credential") _reads.Add($"{key} {text}");
            else if (key is "url") _connections.Add($"{place}: {text}");
            else if (key is not ("host" or "socket") && (text.StartsWith('/') || text.Contains("://", StringComparison.Ordinal))) _reads.Add(text);
        }

        private static string Connection(ProfileNode item, string kind)
        {
            var way = item.Find("connection") ?? item;
            var server = (way.Find("url") ?? way.Find("socket") ?? way.Find("host"))?.Text ?? "this machine";
            var port = way.Find("port") is { } number ? $":{number.Text}" : "";
            var user = way.Find("user") is { } login ? $" as {login.Text}" : "";
            return $"{kind}/{item.Find("name")?.Text}: {server}{port}{user}";
        }

        private static string AsUser(ProfileNode node) => node.Find("user") is { IsScalar: true } user ? $" (as {user.Text})" : $" (as {Environment.UserName})";

        private static List<string> Unique(List<string> all) => [.. all.Distinct(StringComparer.Ordinal)];
    }
}
