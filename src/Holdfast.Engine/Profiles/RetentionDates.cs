using System.Globalization;

namespace Holdfast.Engine.Profiles;

/// <summary>A rule that a schema cannot express: the day on which a pin ends exists in the calendar.</summary>
internal static class RetentionDates
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        foreach (var (index, pin) in (root.Find("retention")?.Find("pins")?.Items ?? []).Index())
        {
            if (pin.Find("until") is not { IsScalar: true } until || IsDay(until.Text)) continue;
            var message = $"'{until.Text}' is not a day of the calendar.";
            mistakes.Add(new ProfileMistake(until.Place, $"retention.pins[{index}].until", message));
        }
    }

    private static bool IsDay(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
