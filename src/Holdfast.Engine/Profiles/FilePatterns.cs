using Holdfast.Restic;
using Holdfast.Restic.Filtering;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Rules that a schema cannot express: patterns of files, units and processes are valid, and mean what they mean in a
/// shell.
/// </summary>
internal static class FilePatterns
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        foreach (var (index, group) in (root.Find("services")?.Items ?? []).Index()) Check(group.Find("units"), $"services[{index}].units", mistakes);
        Check(root.Find("quiesce")?.Find("pid-files"), "quiesce.pid-files", mistakes);
        Check(root.Find("quiesce")?.Find("processes"), "quiesce.processes", mistakes);
        if (root.Find("components")?.Find("files") is not { } files) return;
        if (files.Find("groups") is { } groups)
            foreach (var name in groups.Keys) Check(groups[name], $"components.files.groups.{name}", mistakes);
        Check(files.Find("exclude"), "components.files.exclude", mistakes);
        if (files.Find("certificates")?.Find("configurations") is { } configurations)
            foreach (var name in configurations.Keys) Check(configurations[name], $"components.files.certificates.configurations.{name}", mistakes);
    }

    private static void Check(ProfileNode? list, string path, List<ProfileMistake> mistakes)
    {
        foreach (var item in (list?.Items ?? []).Select(item => item.Find("path") ?? item).Where(item => item.IsScalar && item.Text.Length > 0))
            if (WhatIsWrong(item.Text) is { } wrong) mistakes.Add(new ProfileMistake(item.Place, path, wrong));
    }

    private static string? WhatIsWrong(string pattern)
    {
        // In a shell it means "none of these", in restic the mark is one of the characters: one of the two meanings
        // would be a surprise.
        if (pattern.Replace("\\[", "", StringComparison.Ordinal).Contains("[!", StringComparison.Ordinal))
            return $"'{pattern}' is not clear. Write [^...] for a character that is not in a set.";
        try
        {
            _ = new PatternList([pattern]);
            return null;
        }
        catch (ResticException mistake)
        {
            return mistake.Message;
        }
    }
}
